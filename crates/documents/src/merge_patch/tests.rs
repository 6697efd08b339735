//! Tests of merge patches.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Bounds, Json};

const AMPLE: Bounds = Bounds { bytes: 1 << 20, depth: 64, nodes: 10_000 };

fn canonical(value: &str) -> String {
    Json::accept(value, AMPLE).unwrap().text().to_owned()
}

#[track_caller]
fn check(old: &str, new: &str, patch: Option<&str>) {
    assert_eq!(diff(old, new).as_deref(), patch, "{old} -> {new}");
    if let Some(patch) = patch {
        assert_eq!(apply(old, patch), new, "{old} + {patch}");
    }
}

#[test]
fn a_diff_names_only_changed_members() {
    check("{}", "{}", Some("{}"));
    check(r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3}"#, Some(r#"{"b":3}"#));
    check(r#"{"a":1,"b":2}"#, r#"{"b":2}"#, Some(r#"{"a":null}"#));
    check(r#"{"b":2}"#, r#"{"b":2,"cc":[null]}"#, Some(r#"{"cc":[null]}"#));
    check(r#"{"a":{"x":1,"y":2}}"#, r#"{"a":{"x":1.50}}"#, Some(r#"{"a":{"x":1.50,"y":null}}"#));
    check(r#"{"a":[1,2]}"#, r#"{"a":[1]}"#, Some(r#"{"a":[1]}"#));
    check(r#"{"a":{"x":1}}"#, r#"{"a":2}"#, Some(r#"{"a":2}"#));
    check(
        r#"{"":{"":null},"a":null}"#,
        r#"{"":{"":false},"é":false}"#,
        Some(r#"{"":{"":false},"a":null,"é":false}"#),
    );
    check(r#"{"a":{},"b":1}"#, r#"{"a":{},"b":2}"#, Some(r#"{"b":2}"#));
    check(r#"{"a":{"b":{"c":{}}},"d":1}"#, r#"{"a":{"b":{"c":{}}},"d":1}"#, Some("{}"));
    check(
        r#"{"a":{"b":1},"c":{}}"#,
        r#"{"a":{},"c":{"d":{}}}"#,
        Some(r#"{"a":{"b":null},"c":{"d":{}}}"#),
    );
    check(r#"{"q\"}":1}"#, r#"{"q\"}":"}\\"}"#, Some(r#"{"q\"}":"}\\"}"#));
}

#[test]
fn a_change_to_null_has_no_diff() {
    check("{}", r#"{"a":null}"#, None);
    check(r#"{"a":1}"#, r#"{"a":{"b":null}}"#, None);
    check(r#"{"a":{"b":1}}"#, r#"{"a":{"b":null}}"#, None);
    check(r#"{"a":null,"b":1}"#, r#"{"a":null,"b":2}"#, Some(r#"{"b":2}"#));
    check("[1]", "[2]", None);
}

/// The examples of RFC 7396, appendix A, whose outcome is an object.
#[test]
fn patches_merge_as_the_rfc_says() {
    for (target, patch, outcome) in [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#),
        ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ] {
        assert_eq!(apply(target, patch), outcome, "{target} + {patch}");
    }
}

fn document() -> impl Strategy<Value = Value> {
    let key = "[ab\\\\\"é]{0,2}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3).prop_map(Value::from),
        "[a\"{}\\\\,:]{0,4}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map(key, inner, 0..4).prop_map(|it| json!(it)),
        ]
    });
    prop::collection::hash_map(key, value, 0..4).prop_map(|it| json!(it))
}

/// This number of cases, unless `PROPTEST_CASES` is set.
fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_some() {
        default
    } else {
        ProptestConfig { cases, ..default }
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_difference_leads_from_the_old_to_the_new(old in document(), new in document()) {
        let (old, new) = (canonical(&old.to_string()), canonical(&new.to_string()));
        if let Some(patch) = diff(&old, &new) {
            prop_assert_eq!(apply(&old, &patch), new);
        }
    }

    #[test]
    fn merging_text_is_merging_trees(target in document(), patch in document()) {
        let mut tree = target.clone();
        json_patch::merge(&mut tree, &patch);
        let (target, patch) = (canonical(&target.to_string()), canonical(&patch.to_string()));
        prop_assert_eq!(apply(&target, &patch), canonical(&tree.to_string()));
    }
}
