//! Merge patches (RFC 7396) on the text of documents, without building a tree.
//!
//! Both documents are in canonical form: no blanks, keys sorted by length and then by bytes, no key
//! twice. So two objects are compared, or merged, in one pass over their members, and what does not
//! change is copied as it stands: numbers keep their digits.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The merge patch that makes `new` out of `old`, both in canonical form.
///
/// There is none when `new` is no object, or gains a member that is `null`, which a merge patch
/// cannot say.
pub(crate) fn difference(old: &str, new: &str) -> Option<String> {
    let mut patch = String::new();
    let both_objects = is_object(old) && is_object(new);
    (both_objects && compare(old, new, &mut patch)).then_some(patch)
}

/// What `patch` makes of `target`, all of them in canonical form.
pub(crate) fn merged(target: &str, patch: &str) -> String {
    let mut out = String::with_capacity(target.len() + patch.len());
    merge(target, patch, &mut out);
    out
}

/// The members of the outermost object that differ, by their plain names.
pub(crate) fn changed_members(old: &str, new: &str) -> Vec<String> {
    let changed = Pairs::of(old, new).filter_map(|pair| match pair {
        Pair::Left(one) | Pair::Right(one) => Some(one),
        Pair::Both(was, is) => (was.value != is.value).then_some(is),
    });
    changed.map(|it| it.plain_key().into_owned()).collect()
}

/// Writes the patch; tells whether there is one.
fn compare(old: &str, new: &str, patch: &mut String) -> bool {
    let mut object = Object::begin(patch);
    for pair in Pairs::of(old, new) {
        match pair {
            Pair::Left(gone) => object.member(gone.key, |out| out.push_str("null")),
            Pair::Right(added) if has_null(added.value) => return false,
            Pair::Right(added) => object.member(added.key, |out| out.push_str(added.value)),
            Pair::Both(was, is) if was.value == is.value => {}
            Pair::Both(was, is) if is_object(was.value) && is_object(is.value) => {
                let mut possible = true;
                object.member(is.key, |out| possible = compare(was.value, is.value, out));
                if !possible {
                    return false;
                }
            }
            Pair::Both(_, is) if has_null(is.value) => return false,
            Pair::Both(_, is) => object.member(is.key, |out| out.push_str(is.value)),
        }
    }
    object.end();
    true
}

fn merge(target: &str, patch: &str, out: &mut String) {
    if !is_object(patch) {
        out.push_str(patch);
        return;
    }
    let target = if is_object(target) { target } else { "{}" };
    let mut object = Object::begin(out);
    for pair in Pairs::of(target, patch) {
        match pair {
            Pair::Left(kept) => object.member(kept.key, |out| out.push_str(kept.value)),
            Pair::Right(Member { value: "null", .. })
            | Pair::Both(_, Member { value: "null", .. }) => {}
            Pair::Right(added) => object.member(added.key, |out| merge("null", added.value, out)),
            Pair::Both(was, is) => object.member(is.key, |out| merge(was.value, is.value, out)),
        }
    }
    object.end();
}

fn is_object(value: &str) -> bool {
    value.starts_with('{')
}

/// Whether the value is `null` or, as an object, has a member that is; arrays are taken as a whole.
fn has_null(value: &str) -> bool {
    value == "null" || (is_object(value) && Members(value).any(|it| has_null(it.value)))
}

/// An object that is being written.
struct Object<'a> {
    out: &'a mut String,
    start: usize,
}

impl<'a> Object<'a> {
    fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self { start: out.len(), out }
    }

    fn member(&mut self, key: &str, value: impl FnOnce(&mut String)) {
        if self.out.len() > self.start {
            self.out.push(',');
        }
        self.out.push_str(key);
        self.out.push(':');
        value(self.out);
    }

    fn end(self) {
        self.out.push('}');
    }
}

/// A member of an object: its key, quotes included, and its value.
#[derive(Clone, Copy)]
struct Member<'a> {
    key: &'a str,
    value: &'a str,
}

impl Member<'_> {
    /// The order of keys in canonical form.
    fn cmp(&self, other: &Self) -> Ordering {
        if self.key == other.key {
            return Ordering::Equal;
        }
        let (a, b) = (self.plain_key(), other.plain_key());
        (a.len(), a.as_bytes()).cmp(&(b.len(), b.as_bytes()))
    }

    /// The key without quotes and escapes.
    fn plain_key(&self) -> Cow<'_, str> {
        if self.key.contains('\\') {
            serde_json::from_str(self.key).map_or(Cow::Borrowed(self.key), Cow::Owned)
        } else {
            Cow::Borrowed(&self.key[1..self.key.len() - 1])
        }
    }
}

/// The members of an object; what is left of its text, from the brace or comma before the next.
struct Members<'a>(&'a str);

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        let rest = self.0.get(1..).filter(|rest| rest.starts_with('"'))?;
        let (key, rest) = rest.split_at(value_length(rest));
        let rest = &rest[1..];
        let (value, rest) = rest.split_at(value_length(rest));
        self.0 = rest;
        Some(Member { key, value })
    }
}

/// The length of the value that `text` begins with.
fn value_length(text: &str) -> usize {
    let text = text.as_bytes();
    match text.first() {
        Some(b'"') => string_length(text),
        Some(b'{' | b'[') => container_length(text),
        _ => text.iter().position(|it| matches!(it, b',' | b'}' | b']')).unwrap_or(text.len()),
    }
}

/// The length of the string that `text` begins with, both quotes included.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    loop {
        match text.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return text.len(),
        }
    }
}

/// The length of the object or array that `text` begins with.
fn container_length(text: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at += string_length(&text[at..]);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return at + 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// The members of two objects, those with the same key together.
struct Pairs<'a> {
    left: std::iter::Peekable<Members<'a>>,
    right: std::iter::Peekable<Members<'a>>,
}

enum Pair<'a> {
    Left(Member<'a>),
    Right(Member<'a>),
    Both(Member<'a>, Member<'a>),
}

impl<'a> Pairs<'a> {
    fn of(left: &'a str, right: &'a str) -> Self {
        Self { left: Members(left).peekable(), right: Members(right).peekable() }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let order = match (self.left.peek(), self.right.peek()) {
            (Some(left), Some(right)) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        match order {
            Ordering::Less => self.left.next().map(Pair::Left),
            Ordering::Greater => self.right.next().map(Pair::Right),
            Ordering::Equal => Some(Pair::Both(self.left.next()?, self.right.next()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};
    use store::{Bounds, Json};

    use super::*;

    const AMPLE: Bounds = Bounds { bytes: 1 << 20, depth: 64, nodes: 10_000 };

    fn canonical(value: &str) -> String {
        let raw: Box<RawValue> = serde_json::from_str(value).unwrap();
        Json::accept(&raw, AMPLE).unwrap().text().to_owned()
    }

    #[track_caller]
    fn check(old: &str, new: &str, patch: Option<&str>) {
        assert_eq!(difference(old, new).as_deref(), patch, "{old} -> {new}");
        if let Some(patch) = patch {
            assert_eq!(merged(old, patch), new, "{old} + {patch}");
        }
    }

    #[test]
    fn a_difference_names_what_changed_and_nothing_else() {
        check("{}", "{}", Some("{}"));
        check(r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3}"#, Some(r#"{"b":3}"#));
        check(r#"{"a":1,"b":2}"#, r#"{"b":2}"#, Some(r#"{"a":null}"#));
        check(r#"{"b":2}"#, r#"{"b":2,"cc":[null]}"#, Some(r#"{"cc":[null]}"#));
        check(
            r#"{"a":{"x":1,"y":2}}"#,
            r#"{"a":{"x":1.50}}"#,
            Some(r#"{"a":{"x":1.50,"y":null}}"#),
        );
        check(r#"{"a":[1,2]}"#, r#"{"a":[1]}"#, Some(r#"{"a":[1]}"#));
        check(r#"{"a":{"x":1}}"#, r#"{"a":2}"#, Some(r#"{"a":2}"#));
        check(r#"{"q\"}":1}"#, r#"{"q\"}":"}\\"}"#, Some(r#"{"q\"}":"}\\"}"#));
    }

    #[test]
    fn what_gains_a_null_has_no_difference() {
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
            assert_eq!(merged(target, patch), outcome, "{target} + {patch}");
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_difference_leads_from_the_old_to_the_new(old in document(), new in document()) {
            let (old, new) = (canonical(&old.to_string()), canonical(&new.to_string()));
            if let Some(patch) = difference(&old, &new) {
                prop_assert_eq!(merged(&old, &patch), new);
            }
        }

        #[test]
        fn merging_text_is_merging_trees(target in document(), patch in document()) {
            let mut tree = target.clone();
            json_patch::merge(&mut tree, &patch);
            let (target, patch) = (canonical(&target.to_string()), canonical(&patch.to_string()));
            prop_assert_eq!(merged(&target, &patch), canonical(&tree.to_string()));
        }
    }
}
