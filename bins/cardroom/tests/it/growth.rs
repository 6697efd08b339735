//! `docs/GROWTH.md` names every table, and every setting that is a limit.

use std::collections::BTreeSet;

const GROWTH: &str = include_str!("../../../../docs/GROWTH.md");
const SCHEMA: &str = include_str!("../../../../crates/database/src/schema.rs");
const BASE: &str = include_str!("../../../../config/base.toml");

/// Numbers in `config/base.toml` that limit nothing that clients can make grow.
const NO_BOUNDS: [&str; 12] = [
    "server.port",
    "server.workers",
    "server.trusted_hops",
    "limits.state_depth",
    "limits.state_nodes",
    "database.write_lanes",
    "database.write_group",
    "auth.bcrypt_cost",
    "hashing.threads",
    "realtime.messages_per_second",
    "realtime.room_messages_per_second",
    "database.sqlite_readers",
];

/// Settings with these suffixes limit a time.
const TIMES: [&str; 3] = ["_ms", "_secs", "_minutes"];

#[test]
fn every_table_has_its_row() {
    let tables: BTreeSet<_> = SCHEMA.lines().filter_map(table).collect();
    assert!(tables.len() > 5, "{tables:?}");
    let (_, rows) = GROWTH.split_once("## In the database").unwrap();
    let (rows, _) = rows.split_once("## In memory").unwrap();
    let named: BTreeSet<_> = rows.lines().filter_map(|row| row.strip_prefix("| `")).collect();
    let named: BTreeSet<_> = named.into_iter().filter_map(|it| it.split('`').next()).collect();
    assert_eq!(tables, named, "the tables of the schema, and those of docs/GROWTH.md");
}

/// The table that a line such as `    rooms (id) {` of the schema begins.
fn table(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("    ")?.strip_suffix(") {")?.split_once(" (")?;
    name.chars().all(|it| it.is_ascii_lowercase() || it == '_').then_some(name)
}

#[test]
fn every_setting_that_is_a_limit_is_named() {
    let missing: Vec<_> = numbers()
        .into_iter()
        .filter(|key| !NO_BOUNDS.contains(&key.as_str()))
        .filter(|key| !TIMES.iter().any(|unit| key.ends_with(unit)))
        .filter(|key| !GROWTH.contains(&format!("`{key}`")))
        .collect();
    assert!(missing.is_empty(), "add to docs/GROWTH.md, or to NO_BOUNDS: {missing:?}");
}

#[test]
fn every_setting_that_is_named_exists() {
    let keys = keys().map(|(key, _)| key).collect::<BTreeSet<_>>();
    for number in NO_BOUNDS {
        assert!(keys.contains(number), "{number} of NO_BOUNDS");
    }
    let sections: BTreeSet<_> = keys.iter().filter_map(|key| key.split('.').next()).collect();
    for word in GROWTH.split('`').skip(1).step_by(2) {
        let is_setting =
            word.split_once('.').is_some_and(|(section, _)| sections.contains(section));
        assert!(!is_setting || keys.contains(word), "{word} in docs/GROWTH.md");
    }
}

/// The settings whose value is a number.
fn numbers() -> Vec<String> {
    let is_number = |value: &str| value.bytes().all(|it| it.is_ascii_digit());
    keys().filter(|(_, value)| is_number(value)).map(|(key, _)| key).collect()
}

/// Every `section.key` of `config/base.toml` with its value.
fn keys() -> impl Iterator<Item = (String, &'static str)> {
    let mut section = "";
    BASE.lines().filter_map(move |line| {
        if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            section = name;
        }
        let (key, value) = line.split_once(" = ").filter(|_| !line.starts_with(['#', ' ']))?;
        Some((format!("{section}.{key}"), value))
    })
}
