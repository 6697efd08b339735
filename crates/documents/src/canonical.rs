//! The canonical form of a JSON document: what PostgreSQL's `jsonb` would give back, compact.
//!
//! `jsonb` sorts an object's keys (shorter ones first), keeps the last of equal keys and writes
//! numbers without an exponent, while SQLite would give back the text it was sent. Bringing a
//! document into this form before it is stored makes both databases answer the same bytes.
//! Source of the rules: PostgreSQL's `jsonb_util.c` (`lengthCompareJsonbPair`), `json.c`
//! (`escape_json`) and `numeric.c` (`set_var_from_str`).

mod numbers;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

use crate::bounds::{Bounds, Refusal};
use crate::scan::string_length;

/// Brings a document, given as valid JSON, into canonical form.
///
/// # Errors
/// When the document exceeds `bounds` or contains a value that one of the databases cannot store.
pub fn canonical(text: &str, bounds: Bounds) -> Result<Box<RawValue>, Refusal> {
    let out = String::with_capacity(text.len());
    let mut writer = Writer { text, kept: 0, at: 0, out, bounds, nodes: 0, members: Vec::new() };
    writer.value(0)?;
    writer.write("");
    RawValue::from_string(writer.out).map_err(|_| Refusal::LoneSurrogate)
}

/// Removes the blanks between the tokens of a document.
pub(crate) fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(quote) = rest.find('"') {
        out.extend(rest[..quote].split_ascii_whitespace());
        let end = quote + string_length(&rest[quote..]);
        out.push_str(&rest[quote..end]);
        rest = &rest[end..];
    }
    out.extend(rest.split_ascii_whitespace());
    out
}

/// Scans a valid document and writes its canonical form. Unchanged text is copied in one piece.
struct Writer<'a> {
    text: &'a str,
    /// Start of the unchanged text up to `at`, which is not in `out` yet.
    kept: usize,
    at: usize,
    out: String,
    bounds: Bounds,
    nodes: usize,
    /// The members of the open objects, the outermost first.
    members: Vec<Member<'a>>,
}

/// A member of an object: its key, and where `"key":value` stands in the output.
struct Member<'a> {
    key: Cow<'a, str>,
    written: Range<usize>,
}

impl<'a> Writer<'a> {
    fn value(&mut self, depth: usize) -> Result<(), Refusal> {
        self.count()?;
        match self.peek() {
            b'{' => self.object(self.deeper(depth)?),
            b'[' => self.array(self.deeper(depth)?),
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn count(&mut self) -> Result<(), Refusal> {
        self.nodes += 1;
        if self.nodes > self.bounds.nodes {
            return Err(Refusal::TooManyNodes(self.bounds.nodes));
        }
        self.fits()
    }

    fn fits(&self) -> Result<(), Refusal> {
        if self.length() > self.bounds.bytes {
            return Err(Refusal::TooLarge(self.bounds.bytes));
        }
        Ok(())
    }

    fn deeper(&self, depth: usize) -> Result<usize, Refusal> {
        if depth == self.bounds.depth { Err(Refusal::TooDeep(depth)) } else { Ok(depth + 1) }
    }

    fn array(&mut self, depth: usize) -> Result<(), Refusal> {
        self.keep(1);
        while self.peek() != b']' {
            self.separate();
            self.value(depth)?;
        }
        self.close()
    }

    fn object(&mut self, depth: usize) -> Result<(), Refusal> {
        self.keep(1);
        let (start, first) = (self.length(), self.members.len());
        while self.peek() != b'}' {
            self.separate();
            let member = self.member(depth)?;
            self.members.push(member);
        }
        if !self.members[first..].is_sorted_by(|a, b| rank(&a.key) < rank(&b.key)) {
            self.rearrange(start, first);
        }
        self.members.truncate(first);
        self.close()
    }

    fn member(&mut self, depth: usize) -> Result<Member<'a>, Refusal> {
        self.peek();
        let start = self.length();
        let key = self.string()?;
        // The colon.
        self.peek();
        self.keep(1);
        self.peek();
        self.value(depth)?;
        Ok(Member { key, written: start..self.length() })
    }

    /// Writes the `first` and all later members from `start` on again: in order, the last of equal
    /// keys only.
    fn rearrange(&mut self, start: usize, first: usize) {
        self.write("");
        let members = &mut self.members[first..];
        members.sort_by(|a, b| rank(&a.key).cmp(&rank(&b.key)));
        let written = self.out.split_off(start);
        for (index, member) in members.iter().enumerate() {
            let repeated = members.get(index + 1).is_some_and(|next| next.key == member.key);
            if repeated {
                continue;
            }
            if self.out.len() > start {
                self.out.push(',');
            }
            let Range { start: from, end: to } = member.written.clone();
            self.out.push_str(&written[from - start..to - start]);
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Refusal> {
        let token = &self.text[self.at..self.at + string_length(&self.text[self.at..])];
        if !token.contains('\\') {
            self.keep(token.len());
            return Ok(Cow::Borrowed(&token[1..token.len() - 1]));
        }
        let plain: String = serde_json::from_str(token).map_err(|_| Refusal::LoneSurrogate)?;
        if plain.contains('\0') {
            return Err(Refusal::NulCharacter);
        }
        self.replace(token.len(), &serde_json::Value::from(plain.as_str()).to_string());
        Ok(Cow::Owned(plain))
    }

    fn number(&mut self) -> Result<(), Refusal> {
        let token =
            self.token(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        if numbers::is_plain(token) {
            self.keep(token.len());
            Ok(())
        } else if token.parse().is_ok_and(f64::is_finite) {
            let mut plain = String::new();
            numbers::write_plain(token, &mut plain)?;
            self.replace(token.len(), &plain);
            Ok(())
        } else {
            Err(Refusal::NumberOutOfRange)
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "one arm of `value` among fallible ones")]
    fn word(&mut self) -> Result<(), Refusal> {
        let token = self.token(|byte| byte.is_ascii_lowercase());
        self.keep(token.len());
        Ok(())
    }

    fn close(&mut self) -> Result<(), Refusal> {
        self.keep(1);
        self.fits()
    }

    /// Steps over a comma, if one is next.
    fn separate(&mut self) {
        if self.peek() == b',' {
            self.keep(1);
            self.peek();
        }
    }

    /// The next byte that is no blank; at the end a bracket, which ends every loop here.
    fn peek(&mut self) -> u8 {
        let rest = &self.text.as_bytes()[self.at..];
        let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if blanks > 0 {
            self.replace(blanks, "");
        }
        self.text.as_bytes().get(self.at).copied().unwrap_or(b'}')
    }

    fn token(&self, belongs: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        &rest[..rest.bytes().take_while(|byte| belongs(*byte)).count()]
    }

    /// The length of the output.
    fn length(&self) -> usize {
        self.out.len() + self.at - self.kept
    }

    /// Steps over unchanged text.
    fn keep(&mut self, length: usize) {
        self.at += length;
    }

    /// Steps over text, and writes `by` in its place.
    fn replace(&mut self, length: usize, by: &str) {
        self.write(by);
        self.at += length;
        self.kept = self.at;
    }

    /// Writes the pending unchanged text, and then `more`.
    fn write(&mut self, more: &str) {
        self.out.push_str(&self.text[self.kept..self.at]);
        self.out.push_str(more);
        self.kept = self.at;
    }
}

/// `jsonb` orders keys by their length in bytes, then by their bytes.
fn rank(key: &str) -> (usize, &[u8]) {
    (key.len(), key.as_bytes())
}
