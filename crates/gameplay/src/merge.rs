//! Merge patches (RFC 7396) on the text of documents, without building a tree.
//!
//! Both documents are in canonical form: no blanks, keys sorted by length and then by bytes, no key
//! twice. So two objects are compared, or merged, in one pass over their members, and what does not
//! change is copied as it stands: numbers keep their digits.

use std::cmp::Ordering;
use std::iter::Peekable;

use database::scan::{Member, Members, alike, members, plain, string_length, value_length};

/// The merge patch that makes `new` out of `old`, both in canonical form.
///
/// There is none when `new` is no object, or gains a member that is `null`, which a merge patch
/// cannot say.
pub(crate) fn difference(old: &str, new: &str) -> Option<String> {
    let mut patch = String::new();
    let (mut old, mut new) = (Rest(old), Rest(new));
    let both_objects = is_object(old.0) && is_object(new.0);
    (both_objects && compare(&mut old, &mut new, &mut patch)).then_some(patch)
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

/// What is left of the text of an object, from the brace or comma before its next member.
struct Rest<'a>(&'a str);

/// Writes the patch, and steps over both objects; tells whether there is one.
///
/// Most of both is the same and stepped over at once, and what is not is looked at in both at the same
/// time, so that hardly anything is read twice.
fn compare(old: &mut Rest<'_>, new: &mut Rest<'_>, patch: &mut String) -> bool {
    let mut object = Object::begin(patch);
    loop {
        let same = alike(old.0, new.0);
        (old.0, new.0) = (&old.0[same..], &new.0[same..]);
        let (was, is) = (old.key(), new.key());
        let possible = match (was, is) {
            (None, None) => break,
            (Some(was), Some(is)) if was == is => {
                old.skip(was);
                new.skip(is);
                replaced(is, old, new, &mut object)
            }
            (was, Some(is)) if was.is_none_or(|was| order(is, was).is_lt()) => {
                new.skip(is);
                added(is, new.value(), &mut object)
            }
            (Some(was), _) => {
                old.skip(was);
                old.value();
                object.member(was, |out| out.push_str("null"));
                true
            }
            // What is added comes before nothing.
            (None, Some(_)) => false,
        };
        if !possible {
            return false;
        }
    }
    old.end();
    new.end();
    object.end();
    true
}

/// Notes what became of the value of a key that both have.
fn replaced(key: &str, old: &mut Rest<'_>, new: &mut Rest<'_>, object: &mut Object<'_>) -> bool {
    if is_object(old.0) && is_object(new.0) {
        return object.inner(key, |patch| compare(old, new, patch));
    }
    let (was, is) = (old.value(), new.value());
    was == is || added(key, is, object)
}

/// Notes a new value; a merge patch cannot say that there is a `null` in it.
fn added(key: &str, value: &str, object: &mut Object<'_>) -> bool {
    let possible = !has_null(value);
    if possible {
        object.member(key, |out| out.push_str(value));
    }
    possible
}

impl<'a> Rest<'a> {
    /// The key of the next member, quotes included.
    fn key(&self) -> Option<&'a str> {
        let rest = self.0.get(1..).filter(|rest| rest.starts_with('"'))?;
        Some(&rest[..string_length(rest)])
    }

    /// Steps over what stands before a key, the key, and the colon.
    fn skip(&mut self, key: &str) {
        self.0 = &self.0[key.len() + 2..];
    }

    /// Steps over a value.
    fn value(&mut self) -> &'a str {
        let (value, rest) = self.0.split_at(value_length(self.0));
        self.0 = rest;
        value
    }

    /// Steps over the last brace, and over the first of an object without members.
    fn end(&mut self) {
        self.0 = self.0.strip_prefix('{').unwrap_or(self.0);
        self.0 = self.0.strip_prefix('}').unwrap_or(self.0);
    }
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
    value == "null" || (is_object(value) && members(value).any(|it| has_null(it.value)))
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

    /// A member whose value is a patch, unless that is empty; tells whether there is one.
    fn inner(&mut self, key: &str, patch: impl FnOnce(&mut String) -> bool) -> bool {
        let (before, mut start, mut possible) = (self.out.len(), 0, false);
        self.member(key, |out| {
            start = out.len();
            possible = patch(out);
        });
        if &self.out[start..] == "{}" {
            self.out.truncate(before);
        }
        possible
    }

    fn end(self) {
        self.out.push('}');
    }
}

/// The order of keys in canonical form.
fn order(one: &str, other: &str) -> Ordering {
    if one == other {
        return Ordering::Equal;
    }
    let (one, other) = (plain(one), plain(other));
    (one.len(), one.as_bytes()).cmp(&(other.len(), other.as_bytes()))
}

/// The members of two objects, those with the same key together.
struct Pairs<'a> {
    left: Peekable<Members<'a>>,
    right: Peekable<Members<'a>>,
}

enum Pair<'a> {
    Left(Member<'a>),
    Right(Member<'a>),
    Both(Member<'a>, Member<'a>),
}

impl<'a> Pairs<'a> {
    fn of(left: &'a str, right: &'a str) -> Self {
        Self { left: members(left).peekable(), right: members(right).peekable() }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let order = match (self.left.peek(), self.right.peek()) {
            (Some(left), Some(right)) => order(left.key, right.key),
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
    use database::{Bounds, Json};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const AMPLE: Bounds = Bounds { bytes: 1 << 20, depth: 64, nodes: 10_000 };

    fn canonical(value: &str) -> String {
        Json::accept(value, AMPLE).unwrap().text().to_owned()
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
