//! Merge patches (RFC 7396) on the text of documents, without building a tree.
//!
//! All documents are in canonical form: no white space, keys sorted by length and then by bytes, no
//! repeated key. So two objects are compared or merged in one pass over their members, and unchanged
//! text is copied as it is: numbers keep their digits.

use std::cmp::Ordering;
use std::iter::Peekable;

use crate::scan::{Member, Members, common_members, members, plain, string_length, value_length};

/// The merge patch that turns `old` into `new`, both in canonical form.
///
/// `None` when one of them is not an object, or when `new` gains a member that is `null`, which a merge
/// patch cannot express.
pub fn diff(old: &str, new: &str) -> Option<String> {
    if !is_object(old) || !is_object(new) {
        return None;
    }
    let mut patch = String::new();
    write_diff(&mut Cursor(old), &mut Cursor(new), &mut patch)?;
    Some(patch)
}

/// Applies `patch` to `target`, both in canonical form; so is the outcome.
pub fn apply(target: &str, patch: &str) -> String {
    let mut out = String::with_capacity(target.len() + patch.len());
    write_merged(target, patch, &mut out);
    out
}

/// The members of the outermost object that differ, by their unescaped names.
pub fn changed_members(old: &str, new: &str) -> Vec<String> {
    let changed = Pairs::of(old, new).filter_map(|pair| match pair {
        Pair::Left(one) | Pair::Right(one) => Some(one),
        Pair::Both(was, is) => (was.value != is.value).then_some(is),
    });
    changed.map(|it| it.plain_key().into_owned()).collect()
}

/// Writes the patch of two objects and moves both cursors behind them; `None` when there is no patch.
///
/// Most of both texts is equal and skipped at once; the rest is read in both at the same time, so hardly
/// anything is read twice.
fn write_diff(old: &mut Cursor<'_>, new: &mut Cursor<'_>, patch: &mut String) -> Option<()> {
    let mut object = ObjectWriter::begin(patch);
    loop {
        let same = common_members(old.0, new.0);
        old.advance(same);
        new.advance(same);
        match next_change(old.key(), new.key()) {
            Some(Change::Removed(key)) => {
                old.skip_key(key);
                old.value();
                object.member(key, |out| out.push_str("null"));
            }
            Some(Change::Added(key)) => {
                new.skip_key(key);
                write_value(key, new.value(), &mut object)?;
            }
            Some(Change::Kept(key)) => {
                old.skip_key(key);
                new.skip_key(key);
                write_change(key, old, new, &mut object)?;
            }
            None => break,
        }
    }
    old.end_object();
    new.end_object();
    object.end();
    Some(())
}

/// Writes the change of a value whose key both objects have, if it changed.
fn write_change(
    key: &str,
    old: &mut Cursor<'_>,
    new: &mut Cursor<'_>,
    object: &mut ObjectWriter<'_>,
) -> Option<()> {
    if is_object(old.0) && is_object(new.0) {
        return object.patch_member(key, |patch| write_diff(old, new, patch));
    }
    let (was, is) = (old.value(), new.value());
    if was == is { Some(()) } else { write_value(key, is, object) }
}

/// Writes a new value; `None` when it contains a `null`, which a merge patch would treat as a removal.
fn write_value(key: &str, value: &str, object: &mut ObjectWriter<'_>) -> Option<()> {
    if has_null(value) {
        return None;
    }
    object.member(key, |out| out.push_str(value));
    Some(())
}

/// How the next member differs between two objects whose keys are sorted.
enum Change<'a> {
    Removed(&'a str),
    Added(&'a str),
    Kept(&'a str),
}

fn next_change<'a>(old: Option<&'a str>, new: Option<&'a str>) -> Option<Change<'a>> {
    Some(match (old, new) {
        (Some(was), Some(is)) => match key_order(was, is) {
            Ordering::Less => Change::Removed(was),
            Ordering::Equal => Change::Kept(is),
            Ordering::Greater => Change::Added(is),
        },
        (Some(was), None) => Change::Removed(was),
        (None, Some(is)) => Change::Added(is),
        (None, None) => return None,
    })
}

/// The unread text of an object, from the brace or comma before its next member.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    /// The key of the next member, quotes included.
    fn key(&self) -> Option<&'a str> {
        let rest = self.0.get(1..).filter(|rest| rest.starts_with('"'))?;
        Some(&rest[..string_length(rest)])
    }

    fn advance(&mut self, bytes: usize) {
        self.0 = &self.0[bytes..];
    }

    /// Skips the brace or comma before a key, the key, and its colon.
    fn skip_key(&mut self, key: &str) {
        self.advance(key.len() + 2);
    }

    /// Reads a value.
    fn value(&mut self) -> &'a str {
        let (value, rest) = self.0.split_at(value_length(self.0));
        self.0 = rest;
        value
    }

    /// Skips the closing brace; before it the opening one, when the object has no members.
    fn end_object(&mut self) {
        self.0 = self.0.strip_prefix('{').unwrap_or(self.0);
        self.0 = self.0.strip_prefix('}').unwrap_or(self.0);
    }
}

fn write_merged(target: &str, patch: &str, out: &mut String) {
    if !is_object(patch) {
        out.push_str(patch);
        return;
    }
    let target = if is_object(target) { target } else { "{}" };
    let mut object = ObjectWriter::begin(out);
    for pair in Pairs::of(target, patch) {
        match pair {
            Pair::Left(kept) => object.member(kept.key, |out| out.push_str(kept.value)),
            Pair::Right(Member { value: "null", .. })
            | Pair::Both(_, Member { value: "null", .. }) => {}
            Pair::Right(added) => {
                object.member(added.key, |out| write_merged("null", added.value, out));
            }
            Pair::Both(was, is) => {
                object.member(is.key, |out| write_merged(was.value, is.value, out));
            }
        }
    }
    object.end();
}

fn is_object(value: &str) -> bool {
    value.starts_with('{')
}

/// Whether the value is `null` or an object with a `null` at any depth; arrays are replaced as a whole.
fn has_null(value: &str) -> bool {
    value == "null" || (is_object(value) && members(value).any(|it| has_null(it.value)))
}

/// Writes the members of an object.
struct ObjectWriter<'a> {
    out: &'a mut String,
    start: usize,
}

impl<'a> ObjectWriter<'a> {
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

    /// Writes a member whose value is a patch, and takes it back when the patch is empty.
    fn patch_member(
        &mut self,
        key: &str,
        write: impl FnOnce(&mut String) -> Option<()>,
    ) -> Option<()> {
        let before = self.out.len();
        self.member(key, |_| {});
        let start = self.out.len();
        write(self.out)?;
        if &self.out[start..] == "{}" {
            self.out.truncate(before);
        }
        Some(())
    }

    fn end(self) {
        self.out.push('}');
    }
}

/// The order of keys in canonical form.
fn key_order(one: &str, other: &str) -> Ordering {
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
            (Some(left), Some(right)) => key_order(left.key, right.key),
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
mod tests;
