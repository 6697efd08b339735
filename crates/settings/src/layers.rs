//! The layers of values, merged: every value with its source.

use std::io;

use config::{FileFormat, Map, Source, ValueKind};

use crate::entries::{Entries, Entry, Value};
use crate::problem::{Problem, Problems};
use crate::{Environment, Profile, tuning};

/// Conventional variable names, and the keys that they set.
const CONVENTIONAL: [(&str, &str); 5] = [
    ("DATABASE_URL", "database.url"),
    ("DIRECT_DATABASE_URL", "database.direct_url"),
    ("HOST", "server.host"),
    ("PORT", "server.port"),
    ("JWT_SECRET", "auth.jwt_secret"),
];

/// Merges the files and the variables.
///
/// A file that cannot be read is reported alone: without it, every key would be missing.
pub(crate) fn overlay(profile: Profile, environment: &Environment) -> Result<Entries, Problems> {
    let mut entries = Entries::new();
    let mut problems: Vec<_> = missing_folder(environment).into_iter().collect();
    let tuned = format!("tuning/{profile}");
    let layers = [
        file("base", BASE, environment),
        file(&tuned, embedded_tuning(profile), environment).map(tuning::settings),
        file(profile.as_str(), embedded(profile), environment),
    ];
    for layer in layers {
        match layer {
            Ok(layer) => entries.extend(layer),
            Err(problem) => problems.push(problem),
        }
    }
    entries.extend(conventional(environment));
    entries.extend(explicit(environment));
    if problems.is_empty() { Ok(entries) } else { Err(Problems(problems)) }
}

pub(crate) const BASE: &str = include_str!("../../../config/base.toml");

pub(crate) fn embedded(profile: Profile) -> &'static str {
    match profile {
        Profile::Development => include_str!("../../../config/development.toml"),
        Profile::Test => include_str!("../../../config/test.toml"),
        Profile::Staging => include_str!("../../../config/staging.toml"),
        Profile::Production => include_str!("../../../config/production.toml"),
        Profile::CloudRun => include_str!("../../../config/cloud-run.toml"),
        Profile::Small => include_str!("../../../config/small.toml"),
    }
}

pub(crate) fn embedded_tuning(profile: Profile) -> &'static str {
    match profile {
        Profile::Development => include_str!("../../../config/tuning/development.toml"),
        Profile::Test => include_str!("../../../config/tuning/test.toml"),
        Profile::Staging => include_str!("../../../config/tuning/staging.toml"),
        Profile::Production => include_str!("../../../config/tuning/production.toml"),
        Profile::CloudRun => include_str!("../../../config/tuning/cloud-run.toml"),
        Profile::Small => include_str!("../../../config/tuning/small.toml"),
    }
}

/// A folder named by the variable must exist; the one beside the executable may be missing.
fn missing_folder(environment: &Environment) -> Option<Problem> {
    let name = environment.variable("CARDROOM_CONFIG_DIR")?;
    let is_missing = !std::path::Path::new(name).is_dir();
    is_missing.then(|| Problem {
        key: "CARDROOM_CONFIG_DIR".into(),
        what: format!("{name:?} is not a folder"),
        source: "environment variable CARDROOM_CONFIG_DIR".into(),
        accepted: "the path of a folder with .toml files".into(),
    })
}

/// The file `name`.toml of the folder, or the embedded one.
fn file(name: &str, embedded: &str, environment: &Environment) -> Result<Entries, Problem> {
    let name = format!("{name}.toml");
    let Some(path) = environment.config_folder().map(|folder| folder.join(&name)) else {
        return parse(embedded, &name);
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&text, &path.to_string_lossy()),
        Err(error) if is_absent(&error) => parse(embedded, &name),
        Err(error) => Err(Problem {
            key: name,
            what: format!("cannot be read: {error}"),
            source: path.to_string_lossy().into(),
            accepted: "a file of UTF-8 text".into(),
        }),
    }
}

/// Whether there is no such file. An executable called `config` beside it is not a folder, and no problem.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The values of a TOML text.
pub(crate) fn parse(text: &str, source: &str) -> Result<Entries, Problem> {
    let table = config::File::from_str(text, FileFormat::Toml).collect().map_err(|e| Problem {
        key: source.rsplit(['/', '\\']).next().unwrap_or(source).into(),
        what: without_quote(&e.to_string()),
        source: source.into(),
        accepted: "TOML".into(),
    })?;
    let mut entries = Entries::new();
    flatten("", table, source, &mut entries);
    Ok(entries)
}

/// The first and the last line of a parser's message: place and problem. The lines between quote the file,
/// which may hold a secret.
fn without_quote(message: &str) -> String {
    let mut lines = message.trim_end().lines();
    match (lines.next(), lines.next_back()) {
        (Some(place), Some(what)) => format!("{place}: {what}"),
        (what, _) => what.unwrap_or("cannot be parsed").to_owned(),
    }
}

fn flatten(above: &str, table: Map<String, config::Value>, source: &str, entries: &mut Entries) {
    for (name, value) in table {
        let key = if above.is_empty() { name } else { format!("{above}.{name}") };
        let value = match value.kind {
            ValueKind::Table(table) => {
                flatten(&key, table, source, entries);
                continue;
            }
            ValueKind::Array(items) => Value::List(items.iter().map(ToString::to_string).collect()),
            scalar => Value::Text(scalar.to_string()),
        };
        entries.insert(key, Entry { value, source: source.to_owned() });
    }
}

/// The conventional variables. An empty one counts as unset, as on container platforms.
fn conventional(environment: &Environment) -> impl Iterator<Item = (String, Entry)> {
    CONVENTIONAL.into_iter().filter_map(|(name, key)| {
        environment.variable(name).map(|value| (key.to_owned(), from_variable(name, value)))
    })
}

/// The variables that name a key: `CARDROOM__SERVER__PORT` sets `server.port`. An empty one is an
/// empty value.
fn explicit(environment: &Environment) -> impl Iterator<Item = (String, Entry)> {
    environment.variables().filter_map(|(name, value)| {
        let key = name.strip_prefix("CARDROOM__")?.to_lowercase().replace("__", ".");
        Some((key, from_variable(name, value)))
    })
}

fn from_variable(name: &str, value: &str) -> Entry {
    let source = format!("environment variable {name}");
    Entry { value: Value::Text(value.to_owned()), source }
}
