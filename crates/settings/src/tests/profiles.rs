//! What each profile allows.

use std::net::IpAddr;

use secrecy::ExposeSecret;

use crate::tests::{POSTGRES, PUBLIC_URL, SECRET, Variable, problems, settings};
use crate::{LogFormat, MailTransport, Profile, Settings};

#[test]
fn development_needs_nothing() {
    let Settings { profile, server, database, auth, hashing, cors, mail, log, .. } = settings(&[]);
    assert_eq!(profile, Profile::Development);
    assert_eq!((server.host, server.port), (IpAddr::from([127, 0, 0, 1]), 8000));
    assert_eq!((server.workers, hashing.threads), (2, 2));
    assert_eq!(database.url.expose(), "sqlite://data/cardroom.db");
    assert_eq!(database.migration_url().expose(), "sqlite://data/cardroom.db");
    assert!(server.docs && auth.registration && auth.demo_accounts && auth.reset_token_in_answer);
    assert_eq!(cors.origins.len(), 10);
    assert!(matches!(mail.transport, MailTransport::Outbox(folder) if folder.ends_with("outbox")));
    assert_eq!(log.format, LogFormat::Text);
}

#[test]
fn every_profile_loads_with_a_secret_and_a_database() {
    for profile in Profile::ALL {
        let name = ("CARDROOM_PROFILE", profile.as_str());
        let settings = settings(&[name, SECRET, POSTGRES, PUBLIC_URL]);
        assert_eq!(settings.profile, profile);
        assert_eq!(settings.auth.jwt_secret.expose_secret(), SECRET.1);
        assert_eq!(settings.auth.demo_accounts, !profile.is_live());
        assert_eq!(settings.auth.reset_token_in_answer, profile.is_relaxed());
        let is_json = settings.log.format == LogFormat::Json;
        assert_eq!(is_json, !profile.is_relaxed());
    }
}

#[test]
fn a_profile_is_what_its_name_promises() {
    let of = |profile| settings(&[("CARDROOM_PROFILE", profile), SECRET, POSTGRES, PUBLIC_URL]);
    assert_eq!((of("test").server.port, of("test").auth.bcrypt_cost), (0, 4));
    assert_eq!((of("staging").server.docs, of("staging").auth.bcrypt_cost), (true, 10));
    let production = of("production");
    assert_eq!((production.server.docs, production.auth.bcrypt_cost), (false, 12));
    assert_eq!(production.server.host, IpAddr::from([127, 0, 0, 1]));
    assert_eq!(of("cloud-run").server.host, IpAddr::from([0, 0, 0, 0]));
}

#[test]
fn keys_that_a_profile_may_not_set_are_refused_there_alone() {
    #[track_caller]
    fn check(variable: Variable, key: &str, refused_in: &[Profile]) {
        for profile in Profile::ALL {
            let profile_variable = ("CARDROOM_PROFILE", profile.as_str());
            let problems = problems(&[profile_variable, SECRET, POSTGRES, PUBLIC_URL, variable]);
            let is_refused = problems.iter().any(|line| line.starts_with(&format!("{key}: ")));
            assert_eq!(is_refused, refused_in.contains(&profile), "{profile}: {problems:?}");
        }
    }
    use Profile::{CloudRun, Production, Small, Staging};
    let strict = &[Staging, Production, CloudRun, Small];
    for secret in [
        "short-but-secret",
        "0123456789abcdef0123456789abcde",
        "your-secret-key-change-me-in-production",
        "development-secret-known-to-everybody",
        "test-secret-known-to-everybody-and-no-more",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abcdefgabcdefgabcdefgabcdefgabcdefg",
    ] {
        check(("JWT_SECRET", secret), "auth.jwt_secret", strict);
    }
    for secret in ["0123456789abcdef0123456789abcdef\n", " 0123456789abcdef0123456789abcdef"] {
        check(("JWT_SECRET", secret), "auth.jwt_secret", &Profile::ALL);
    }
    check(("JWT_SECRET", &" ".repeat(40)), "auth.jwt_secret", &Profile::ALL);
    for local in [
        "http://localhost:3000",
        "https://LocalHost",
        "https://localhost.",
        "https://app.localhost",
        "https://127.0.0.1",
        "https://127.8.8.8:3000",
        "http://[::1]:3000/app",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://0.0.0.0:3000",
    ] {
        let live = &[Production, CloudRun, Small];
        check(("CARDROOM__SERVER__PUBLIC_URL", local), "server.public_url", live);
    }
    for public in [
        "https://127.example.org",
        "https://localhost.example.org:3000",
        "https://mylocalhost",
        "https://192.0.2.1",
        "https://[2001:db8::1]/app",
    ] {
        check(("CARDROOM__SERVER__PUBLIC_URL", public), "server.public_url", &[]);
    }
    let passive = "CARDROOM__AUTH__PASSIVE_JWT_SECRETS";
    let one_is_short = "0123456789abcdef0123456789abcdef, short-but-secret";
    check((passive, one_is_short), "auth.passive_jwt_secrets", strict);
    check((passive, &"a".repeat(40)), "auth.passive_jwt_secrets", strict);
    check((passive, "0123456789abcdef0123456789abcdef"), "auth.passive_jwt_secrets", &[]);
    check(("CARDROOM__CORS__ORIGINS", "https://a.example,*"), "cors.origins", strict);
    let unregistered = "realtime.unregistered_rooms";
    check(("CARDROOM__REALTIME__UNREGISTERED_ROOMS", "true"), unregistered, strict);
    let reset = "auth.reset_token_in_answer";
    check(("CARDROOM__AUTH__RESET_TOKEN_IN_ANSWER", "true"), reset, strict);
    let demo = ("CARDROOM__AUTH__DEMO_ACCOUNTS", "true");
    check(demo, "auth.demo_accounts", &[Production, CloudRun, Small]);
    let file = ("CARDROOM__DATABASE__URL", "sqlite:///var/lib/cardroom.db");
    check(file, "database.url", &[]);
    check(("CARDROOM__AUTH__JWT_SECRET", ""), "auth.jwt_secret", &Profile::ALL);
}

/// Files in a folder are refused on Cloud Run as well.
const NO_FILES: Variable = ("CARDROOM__FILES__STORE", "");

#[test]
fn files_on_cloud_run_have_to_be_allowed() {
    let on_cloud_run = [SECRET, PUBLIC_URL, POSTGRES, ("K_SERVICE", "cardroom")];
    let refused = problems(&on_cloud_run);
    assert!(refused.len() == 1 && refused[0].starts_with("files.store: is a folder"));
    for allowed in [NO_FILES, ("CARDROOM__DATABASE__ALLOW_EPHEMERAL", "true")] {
        assert!(problems(&[&on_cloud_run[..], &[allowed]].concat()).is_empty());
    }
    assert!(problems(&on_cloud_run[..3]).is_empty());
}

#[test]
fn sqlite_on_cloud_run_has_to_be_allowed() {
    let cloud_run = ("K_SERVICE", "cardroom");
    let allowed = ("CARDROOM__DATABASE__ALLOW_EPHEMERAL", "true");
    for profile in Profile::ALL {
        let profile = ("CARDROOM_PROFILE", profile.as_str());
        let refused = problems(&[profile, SECRET, PUBLIC_URL, NO_FILES, cloud_run]);
        assert!(refused.len() == 1 && refused[0].starts_with("database.url: is SQLite"));
        assert!(refused[0].contains("allow_ephemeral = true"));
        assert!(problems(&[profile, SECRET, PUBLIC_URL, NO_FILES, cloud_run, allowed]).is_empty());
        assert!(problems(&[profile, SECRET, PUBLIC_URL, NO_FILES, cloud_run, POSTGRES]).is_empty());
    }
}

#[test]
fn a_published_secret_is_refused_on_cloud_run_in_every_profile() {
    for profile in ["development", "test"] {
        let forgotten =
            [("CARDROOM_PROFILE", profile), ("K_SERVICE", "cardroom"), POSTGRES, NO_FILES];
        let refused = problems(&forgotten);
        assert!(refused.len() == 1 && refused[0].starts_with("auth.jwt_secret: is a published"));
    }
}

#[test]
fn an_unknown_profile_is_refused_with_the_six() {
    let accepted = "development, test, staging, production, cloud-run, small";
    let source = "environment variable CARDROOM_PROFILE";
    let line =
        format!(r#"CARDROOM_PROFILE: "prod" is no profile (from {source}); accepted: {accepted}"#);
    assert_eq!(problems(&[("CARDROOM_PROFILE", "prod")]), [line]);
}
