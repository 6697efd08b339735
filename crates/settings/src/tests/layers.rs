//! The layer that a value comes from.

use std::collections::BTreeSet;
use std::fs;

use crate::layers::BASE;
use crate::tests::{POSTGRES, PUBLIC_URL, SECRET, Variable, environment, problems, settings};
use crate::{Effective, Loaded, load};

/// Variables, and a resulting value with its source.
const EFFECTIVE: &str = "
| profile = development (CARDROOM_PROFILE is not set)
| server.port = 8000 (base.toml)
| server.workers = 2 (one per core) (base.toml)
| auth.jwt_secret = *** (development.toml)
| mail.smtp_url = (none) (base.toml)
CARDROOM_PROFILE=test | profile = test (environment variable CARDROOM_PROFILE)
CARDROOM_PROFILE=test | server.port = 0 (test.toml)
CARDROOM_PROFILE=test PORT=81 | server.port = 81 (environment variable PORT)
PORT=81 CARDROOM__SERVER__PORT=82 | server.port = 82 (environment variable CARDROOM__SERVER__PORT)
PORT= | server.port = 8000 (base.toml)
HOST=localhost | server.host = 127.0.0.1 (environment variable HOST)
HOST=::1 | server.host = ::1 (environment variable HOST)
DATABASE_URL=postgres://a:b@c | database.url = postgres://a:***@c (environment variable DATABASE_URL)
CARDROOM__CORS__ORIGINS=http://a,,http://b, | cors.origins = http://a, http://b (environment variable CARDROOM__CORS__ORIGINS)
CARDROOM__CORS__ORIGINS= | cors.origins = (none) (environment variable CARDROOM__CORS__ORIGINS)
CARDROOM__HASHING__THREADS=7 | hashing.threads = 7 (environment variable CARDROOM__HASHING__THREADS)
";

#[test]
fn the_highest_layer_that_has_a_value_gives_it() {
    for row in EFFECTIVE.trim().lines() {
        let (variables, expected) = row.split_once("| ").unwrap();
        let variables: Vec<_> = variables.split_whitespace().collect();
        let variables = variables.iter().map(|it| it.split_once('=').unwrap());
        let effective = effective(&variables.collect::<Vec<_>>());
        assert!(effective.iter().any(|it| it == expected), "{row}: {effective:#?}");
    }
}

/// Every value in effect, as `key = value (source)`.
fn effective(variables: &[Variable]) -> Vec<String> {
    let effective = load(&environment(variables)).unwrap().effective.into_iter();
    effective
        .map(|Effective { key, value, source }| format!("{key} = {value} ({source})"))
        .collect()
}

#[test]
fn blanks_around_a_value_do_not_matter() {
    assert_eq!(settings(&[("PORT", " 81\n")]).server.port, 81);
    let url = settings(&[("DATABASE_URL", "sqlite://x.db\n")]).database.url;
    assert_eq!(url.expose(), "sqlite://x.db");
}

#[test]
fn migrations_run_past_the_pooler() {
    let direct = ("DIRECT_DATABASE_URL", "postgres://direct/cardroom");
    let database = settings(&[POSTGRES, direct]).database;
    assert_eq!(database.migration_url().expose(), "postgres://direct/cardroom");
    assert_eq!(database.url.expose(), POSTGRES.1);
}

#[test]
fn a_file_beside_the_executable_takes_the_place_of_the_embedded_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config/production.toml");
    fs::create_dir(folder.path().join("config")).unwrap();
    fs::write(&path, "[server]\nport = 9000\n").unwrap();

    let environment = environment(&[("CARDROOM_PROFILE", "production"), SECRET, PUBLIC_URL]);
    let environment = environment.with_executable_in(folder.path());
    let Loaded { settings, effective } = load(&environment).unwrap();

    assert_eq!((settings.server.port, settings.auth.bcrypt_cost), (9000, 10));
    let sources = effective.iter().map(|it| it.source.as_str());
    // Values computed for the profile, if any, have a lower precedence than values written by hand.
    let sources: BTreeSet<_> = sources.filter(|it| *it != "tuning/production.toml").collect();
    let variables = [
        "environment variable CARDROOM_PROFILE",
        "environment variable JWT_SECRET",
        "environment variable CARDROOM__SERVER__PUBLIC_URL",
    ];
    let files = [path.to_str().unwrap(), "base.toml"];
    assert_eq!(sources, [&variables[..], &files[..]].concat().into_iter().collect());
}

/// The folder `config` with a file of tuned values for development, and one written by hand.
fn tuned(tuning: &str, person: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tuning")).unwrap();
    fs::write(folder.path().join("tuning/development.toml"), tuning).unwrap();
    let person = format!("{person}\n[auth]\njwt_secret = \"secret\"\n");
    fs::write(folder.path().join("development.toml"), person).unwrap();
    folder
}

#[test]
fn a_tuned_value_gives_way_to_an_override_and_both_to_the_file_of_the_profile() {
    let computed = "[settings.database]\npool_size = 5\nwrite_lanes = 3\n[settings.hashing]\n\
                    threads = 4\n[override.database]\nwrite_lanes = 4\n[target]\ncores = 2.5\n";
    let folder = tuned(computed, "[hashing]\nthreads = 6");
    let settings = settings(&[("CARDROOM_CONFIG_DIR", folder.path().to_str().unwrap())]);
    let database = &settings.database;
    assert_eq!((database.pool_size, database.write_lanes), (5, 4));
    assert_eq!(settings.hashing.threads, 6);
}

#[test]
fn tuned_values_are_checked_like_all_others() {
    let computed = "[settings.database]\nsise = 5\nwrite_lanes = 0\n[predictd]\nsave = 1\n";
    let folder = tuned(computed, "");
    let path = folder.path().join("tuning/development.toml");
    let source = path.display();
    let expected = [
        format!(
            "database.write_lanes: \"0\" is out of range (from {source}); accepted: a whole number from 1 to 16"
        ),
        format!("database.sise: unknown key (from {source})"),
        format!("predictd.save: unknown key (from {source})"),
    ];
    assert_eq!(problems(&[("CARDROOM_CONFIG_DIR", folder.path().to_str().unwrap())]), expected);
}

#[test]
fn a_file_in_the_named_folder_is_the_source_of_its_problems() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("development.toml");
    let auth = "[auth]\njwt_secret = \"secret\"\n";
    fs::write(&path, format!("[database]\npool_size = 0\nsise = 1\n{auth}")).unwrap();

    let named = ("CARDROOM_CONFIG_DIR", folder.path().to_str().unwrap());
    let source = path.display();
    let expected = [
        format!(
            "database.pool_size: \"0\" is out of range (from {source}); accepted: a whole number from 1 to 500"
        ),
        format!("database.sise: unknown key (from {source})"),
    ];
    assert_eq!(problems(&[named]), expected);
}

#[test]
fn a_file_that_is_no_toml_is_refused_without_quoting_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("development.toml");
    fs::write(&path, "[auth]\njwt_secret = hunter2\n").unwrap();
    let named = folder.path().to_str().unwrap();
    let place = "TOML parse error at line 2, column 14";
    let what = format!("{place}: string values must be quoted, expected literal string");
    let line = format!("development.toml: {what} (from {}); accepted: TOML", path.display());
    assert_eq!(problems(&[("CARDROOM_CONFIG_DIR", named)]), [line]);
}

#[test]
fn a_folder_that_is_named_exists() {
    let line = "CARDROOM_CONFIG_DIR: \"/no/such/folder\" is not a folder (from environment variable \
                CARDROOM_CONFIG_DIR); accepted: the path of a folder with .toml files";
    assert_eq!(problems(&[("CARDROOM_CONFIG_DIR", "/no/such/folder")]), [line]);
}

#[test]
fn a_key_that_no_layer_has_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let old = BASE.replace("port = 8000\n", "");
    fs::write(folder.path().join("base.toml"), old).unwrap();
    let named = ("CARDROOM_CONFIG_DIR", folder.path().to_str().unwrap());
    let line = "server.port: is missing (from no file or variable); accepted: a whole number from 0 \
                to 65535";
    assert_eq!(problems(&[named]), [line]);
}
