//! Canonical forms of documents.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const AMPLE: Bounds = Bounds { bytes: 1 << 20, depth: 64, nodes: 10_000 };

fn of(text: &str, bounds: Bounds) -> Result<String, Refusal> {
    let document: Box<RawValue> = serde_json::from_str(text).unwrap();
    canonical(document.get(), bounds).map(|it| it.get().to_owned())
}

fn check(sent: &str, kept: &str) {
    assert_eq!(of(sent, AMPLE).as_deref(), Ok(kept), "{sent}");
}

#[test]
fn keys_are_sorted_as_jsonb_sorts_them() {
    check(r#" { "bb" : 1 , "a" : [ ] , "c":{} } "#, r#"{"a":[],"c":{},"bb":1}"#);
    check(r#"{"é":1,"zz":2,"z":3}"#, r#"{"z":3,"zz":2,"é":1}"#);
    check(r#"{"b":{"d":1,"c":2},"a":null}"#, r#"{"a":null,"b":{"c":2,"d":1}}"#);
}

#[test]
fn the_last_of_equal_keys_is_kept() {
    check(r#"{"a":1,"a":2}"#, r#"{"a":2}"#);
    check(r#"{"b":0,"a":1,"\u0061":{"x":[1,2]},"c":3}"#, r#"{"a":{"x":[1,2]},"b":0,"c":3}"#);
}

#[test]
fn numbers_are_written_without_an_exponent() {
    for (sent, kept) in [
        ("1.0", "1.0"),
        ("1e2", "100"),
        ("1.50e1", "15.0"),
        ("1.5E+3", "1500"),
        ("25e-1", "2.5"),
        ("1e-2", "0.01"),
        ("-0", "0"),
        ("-0.0", "0.0"),
        ("0e10", "0"),
        ("0e-3", "0.000"),
        ("-12.30", "-12.30"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ] {
        check(sent, kept);
    }
}

#[test]
fn a_number_has_at_most_400_digits_however_it_is_written() {
    let zeros = |count| "0".repeat(count);
    let large = format!("1{}", zeros(308));
    check("1e308", &large);
    check(&large, &large);
    let small = format!("0.{}1", zeros(398));
    check("1e-399", &small);
    check(&small, &small);
    for sent in ["1e-400", &format!("0.{}1", zeros(399)), &format!("1.{}", zeros(400))] {
        assert_eq!(of(sent, AMPLE), Err(Refusal::NumberOutOfRange), "{sent}");
    }
}

#[test]
fn text_keeps_its_characters_and_loses_needless_escapes() {
    check(r#""\u00e9\/\ud83d\ude00 \u0001\n""#, "\"é/😀 \\u0001\\n\"");
    check(r#""a\\\"b""#, r#""a\\\"b""#);
}

#[test]
fn values_that_a_database_cannot_store_are_refused() {
    for (sent, refusal) in [
        (r#""\u0000""#, Refusal::NulCharacter),
        (r#"{"\u0000":1}"#, Refusal::NulCharacter),
        (r#""\ud800""#, Refusal::LoneSurrogate),
        ("1e400", Refusal::NumberOutOfRange),
        ("0e99999999999999999999", Refusal::NumberOutOfRange),
        ("1e-500", Refusal::NumberOutOfRange),
    ] {
        assert_eq!(of(sent, AMPLE), Err(refusal), "{sent}");
    }
}

#[test]
fn every_bound_is_exact() {
    let bounds = Bounds { bytes: 9, depth: 2, nodes: 4 };
    assert_eq!(of("[[1],1]", bounds).as_deref(), Ok("[[1],1]"));
    assert_eq!(of("[[[]]]", bounds), Err(Refusal::TooDeep(2)));
    assert_eq!(of("[1,1,1,1]", bounds), Err(Refusal::TooManyNodes(4)));
    assert_eq!(of("[123456789]", bounds), Err(Refusal::TooLarge(9)));
    assert_eq!(of("[1234567]", bounds).as_deref(), Ok("[1234567]"));
}

#[test]
fn blanks_between_tokens_go_and_those_in_strings_stay() {
    assert_eq!(compact(r#"{"a b": [1, 2], "c\" ": ", : "}"#), r#"{"a b":[1,2],"c\" ":", : "}"#);
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no NaN", |it| it.is_finite()).prop_map(Value::from),
        "[^\0]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("[^\0]{0,5}", inner, 0..6).prop_map(|it| json!(it)),
        ]
    })
}

proptest! {
    #[test]
    fn a_canonical_document_means_the_same_and_is_its_own_canonical_form(sent in document()) {
        let once = of(&sent.to_string(), AMPLE).unwrap();
        let again = of(&once, AMPLE).unwrap();
        prop_assert_eq!(&once, &again);
        let pretty = serde_json::to_string_pretty(&sent).unwrap();
        prop_assert_eq!(&of(&pretty, AMPLE).unwrap(), &once);
        prop_assert!(equal(&serde_json::from_str(&once).unwrap(), &sent), "{} {}", once, sent);
    }
}

/// `serde_json` reads long decimals one unit off in the last place, or a few.
fn nearly(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
    (a - b).abs() <= a.abs().max(f64::MIN_POSITIVE) * 4.0 * f64::EPSILON
}

/// Equality that treats 100 and 1e2 as the same number.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || nearly(a, b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}
