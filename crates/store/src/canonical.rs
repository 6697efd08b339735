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
use thiserror::Error;

/// How much of a document is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the canonical text.
    pub bytes: usize,
    /// Arrays and objects inside one another; `[]` has depth 1.
    pub depth: usize,
    /// Values in the document, itself included.
    pub nodes: usize,
}

/// Why a document was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The text is longer than the limit.
    #[error("the document is larger than {0} bytes")]
    TooLarge(usize),
    /// Arrays and objects are nested more deeply than the limit.
    #[error("the document is nested more than {0} levels deep")]
    TooDeep(usize),
    /// There are more values than the limit.
    #[error("the document has more than {0} values")]
    TooManyNodes(usize),
    /// U+0000 cannot be stored in PostgreSQL.
    #[error("the document contains the character U+0000")]
    NulCharacter,
    /// Half of a surrogate pair is no character.
    #[error("the document contains a lone surrogate")]
    LoneSurrogate,
    /// A number that a double cannot hold, or one of very many digits.
    #[error("the document contains a number out of range")]
    NumberOutOfRange,
}

/// Brings a document into canonical form.
///
/// # Errors
/// When the document exceeds `bounds` or holds what one of the databases could not keep.
pub fn canonical(document: &RawValue, bounds: Bounds) -> Result<Box<RawValue>, Refusal> {
    let text = document.get();
    let out = String::with_capacity(text.len());
    let mut writer = Writer { text, at: 0, out, bounds, nodes: 0 };
    writer.value(0)?;
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

/// The length of the string token that `text` begins with, both quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    end.map_or(text.len(), |at| at + 2)
}

/// Walks over a valid document and writes it anew.
struct Writer<'a> {
    text: &'a str,
    at: usize,
    out: String,
    bounds: Bounds,
    nodes: usize,
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
        if self.out.len() > self.bounds.bytes {
            return Err(Refusal::TooLarge(self.bounds.bytes));
        }
        Ok(())
    }

    fn deeper(&self, depth: usize) -> Result<usize, Refusal> {
        if depth == self.bounds.depth { Err(Refusal::TooDeep(depth)) } else { Ok(depth + 1) }
    }

    fn array(&mut self, depth: usize) -> Result<(), Refusal> {
        self.open('[');
        while self.peek() != b']' {
            self.separate();
            self.value(depth)?;
        }
        self.close(']')
    }

    fn object(&mut self, depth: usize) -> Result<(), Refusal> {
        self.open('{');
        let start = self.out.len();
        let mut members = Vec::new();
        while self.peek() != b'}' {
            self.separate();
            members.push(self.member(depth)?);
        }
        if !members.is_sorted_by(|a, b| rank(&a.key) < rank(&b.key)) {
            self.rearrange(start, members);
        }
        self.close('}')
    }

    fn member(&mut self, depth: usize) -> Result<Member<'a>, Refusal> {
        self.peek();
        let start = self.out.len();
        let key = self.string()?;
        self.peek();
        self.take(1);
        self.out.push(':');
        self.value(depth)?;
        Ok(Member { key, written: start..self.out.len() })
    }

    /// Writes the members from `start` on again: in order, the last of equal keys only.
    fn rearrange(&mut self, start: usize, mut members: Vec<Member<'_>>) {
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
            let Range { start: from, end: to } = member.written;
            self.out.push_str(&written[from - start..to - start]);
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Refusal> {
        let token = self.take(string_length(&self.text[self.at..]));
        if !token.contains('\\') {
            self.out.push_str(token);
            return Ok(Cow::Borrowed(&token[1..token.len() - 1]));
        }
        let plain: String = serde_json::from_str(token).map_err(|_| Refusal::LoneSurrogate)?;
        if plain.contains('\0') {
            return Err(Refusal::NulCharacter);
        }
        self.out.push_str(&serde_json::Value::from(plain.as_str()).to_string());
        Ok(Cow::Owned(plain))
    }

    fn number(&mut self) -> Result<(), Refusal> {
        let token =
            self.token(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        if numbers::is_plain(token) {
            self.out.push_str(token);
            Ok(())
        } else if token.parse().is_ok_and(f64::is_finite) {
            numbers::write_plain(token, &mut self.out)
        } else {
            Err(Refusal::NumberOutOfRange)
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "one arm of `value` among fallible ones")]
    fn word(&mut self) -> Result<(), Refusal> {
        let token = self.token(|byte| byte.is_ascii_lowercase());
        self.out.push_str(token);
        Ok(())
    }

    fn open(&mut self, bracket: char) {
        self.take(1);
        self.out.push(bracket);
    }

    fn close(&mut self, bracket: char) -> Result<(), Refusal> {
        self.open(bracket);
        if self.out.len() > self.bounds.bytes {
            return Err(Refusal::TooLarge(self.bounds.bytes));
        }
        Ok(())
    }

    /// Steps over a comma, if one is next.
    fn separate(&mut self) {
        if self.peek() == b',' {
            self.open(',');
        }
    }

    /// The next byte that is no blank; at the end a bracket, which ends every loop here.
    fn peek(&mut self) -> u8 {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied().unwrap_or(b'}')
    }

    fn token(&mut self, belongs: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.text.as_bytes()[self.at..];
        self.take(rest.iter().take_while(|byte| belongs(**byte)).count())
    }

    fn take(&mut self, length: usize) -> &'a str {
        let token = &self.text[self.at..self.at + length];
        self.at += length;
        token
    }
}

/// `jsonb` orders keys by their length in bytes, then by their bytes.
fn rank(key: &str) -> (usize, &[u8]) {
    (key.len(), key.as_bytes())
}
