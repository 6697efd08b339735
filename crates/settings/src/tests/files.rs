//! The files of `config/`.

use std::collections::BTreeSet;

use crate::entries::{Entries, Value};
use crate::layers::{BASE, embedded, embedded_tuning, parse};
use crate::tests::environment;
use crate::{Environment, Problem, Profile, load, tuning};

fn base() -> Entries {
    parse(BASE, "base.toml").unwrap()
}

#[test]
fn base_toml_holds_every_key_and_no_other() {
    let effective = load(&environment(&[])).unwrap().effective.into_iter();
    let asked: BTreeSet<_> = effective.map(|it| it.key).filter(|key| key != "profile").collect();
    assert_eq!(base().into_keys().collect::<BTreeSet<_>>(), asked);
}

#[test]
fn base_toml_explains_every_key_and_says_the_range_of_every_number() {
    let variable = |key: String| format!("CARDROOM__{}", key.to_uppercase().replace('.', "__"));
    let bad = base().into_keys().map(|key| (variable(key), "bad"));
    let problems = load(&Environment::new(bad)).unwrap_err().0;
    let mut numbers = 0;
    for Problem { key, accepted, .. } in problems {
        let comment = comment(&key);
        if let Some(range) = accepted.strip_prefix("a whole number from ") {
            let range = range.split(';').next().unwrap();
            assert!(comment.contains(range), "{key}: {comment}");
            numbers += 1;
        }
    }
    assert!(numbers > 60, "{numbers}");
}

/// The comment above a key in `base.toml`.
fn comment(key: &str) -> String {
    let (section, name) = key.split_once('.').unwrap();
    let section = BASE.split(&format!("[{section}]\n")).nth(1).unwrap();
    let above = section.split(&format!("\n{name} = ")).next().unwrap();
    let comment: Vec<_> = above.lines().rev().take_while(|line| line.starts_with('#')).collect();
    assert!(!comment.is_empty(), "{key} has no comment");
    comment.concat()
}

#[test]
fn a_profile_file_holds_what_differs_and_no_secret() {
    let base = base();
    for profile in Profile::ALL {
        for (key, entry) in parse(embedded(profile), "").unwrap() {
            assert_ne!(base[&key].value, entry.value, "{profile}: {key} is as in base.toml");
            let is_secret = key == "auth.jwt_secret" || key.ends_with("url");
            assert!(profile.is_relaxed() || !is_secret, "{profile}: {key}");
        }
    }
}

#[test]
fn tuned_values_are_numbers_of_settings_that_are_there_and_differ() {
    let base = base();
    for profile in Profile::ALL {
        let tuned = tuning::settings(parse(embedded_tuning(profile), "").unwrap());
        for (key, entry) in tuned {
            assert_ne!(base[&key].value, entry.value, "{profile}: {key} is as in base.toml");
            let Value::Text(text) = entry.value else { panic!("{profile}: {key}") };
            assert!(text.parse::<u64>().is_ok(), "{profile}: {key} = {text}");
        }
    }
}
