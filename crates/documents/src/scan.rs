//! Steps over the tokens of JSON text that is known to be valid, and builds nothing of it.

use std::borrow::Cow;

/// A member of an object, as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// The key, quotes included.
    pub key: &'a str,
    /// The value.
    pub value: &'a str,
}

impl<'a> Member<'a> {
    /// The key without quotes and escapes.
    pub fn plain_key(&self) -> Cow<'a, str> {
        plain(self.key)
    }
}

/// The text of a string token; the token itself when it contains half of a surrogate pair.
pub fn plain(token: &str) -> Cow<'_, str> {
    if token.contains('\\') {
        serde_json::from_str(token).map_or(Cow::Borrowed(token), Cow::Owned)
    } else {
        Cow::Borrowed(&token[1..token.len() - 1])
    }
}

/// The members of the object that `text` begins with, in order; none when it is not an object.
pub fn members(text: &str) -> Members<'_> {
    Members(if after_blanks(text).starts_with('{') { text } else { "" })
}

/// See [`members`]. The rest of the text, from the brace or comma before the next member.
#[derive(Clone, Debug)]
pub struct Members<'a>(&'a str);

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        let rest = after_blanks(self.0).get(1..).map(after_blanks)?;
        if !rest.starts_with('"') {
            return None;
        }
        let (key, rest) = rest.split_at(string_length(rest));
        let rest = after_blanks(after_blanks(rest).get(1..)?);
        let (value, rest) = rest.split_at(value_length(rest));
        self.0 = rest;
        Some(Member { key, value })
    }
}

fn after_blanks(text: &str) -> &str {
    text.trim_ascii_start()
}

/// The length of the value that `text` begins with, in bytes.
pub fn value_length(text: &str) -> usize {
    match text.as_bytes().first() {
        Some(b'"') => string_length(text),
        Some(b'{' | b'[') => container_length(text.as_bytes()),
        _ => text.bytes().position(ends_word).unwrap_or(text.len()),
    }
}

fn ends_word(byte: u8) -> bool {
    matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace()
}

/// The length of the string that `text` begins with, both quotes included, in bytes.
pub fn string_length(text: &str) -> usize {
    string_end(text.as_bytes(), 0)
}

/// Where the string ends that begins at `start`.
pub(crate) fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
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
                at = string_end(text, at);
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

/// The length of the common start of two objects, up to the end of a member: bytes from the brace or comma
/// before the first members to the comma or brace after the last common one. 0 at the closing brace.
pub fn common_members(one: &str, other: &str) -> usize {
    let text = one.as_bytes();
    if text.first() == Some(&b'}') {
        return 0;
    }
    let same = common_prefix(text, other.as_bytes());
    let (mut end, mut depth, mut at) = (0, 0_usize, 1);
    while at < same {
        match text[at] {
            b'"' => {
                at = string_end(text, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => end = at,
            _ => {}
        }
        at += 1;
    }
    end
}

/// Bytes that are compared at once: the width of a vector register.
const CHUNK: usize = 32;

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let chunks = one.chunks_exact(CHUNK).zip(other.chunks_exact(CHUNK));
    let start = chunks.take_while(|(one, other)| one == other).count() * CHUNK;
    let rest = one[start..].iter().zip(&other[start..]);
    start + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(object: &str, expected: &[(&str, &str)]) {
        let found: Vec<_> = members(object).map(|it| (it.key, it.value)).collect();
        assert_eq!(found, expected, "{object}");
    }

    #[test]
    fn members_are_found_whatever_is_in_them_and_around_them() {
        check("{}", &[]);
        check(" { } ", &[]);
        check(
            r#"{"a":1,"b":[{"c":"}"},2],"d":"\"}\\"}"#,
            &[(r#""a""#, "1"), (r#""b""#, r#"[{"c":"}"},2]"#), (r#""d""#, r#""\"}\\""#)],
        );
        check(
            "\n{ \"a\" :\t-1e5 , \"b\\\"\" : { \"c\" : [ ] } }\n",
            &[(r#""a""#, "-1e5"), (r#""b\"""#, r#"{ "c" : [ ] }"#)],
        );
        check(r#"["a",1]"#, &[]);
        check(r#"{"é":null,"é":true}"#, &[(r#""é""#, "null"), (r#""é""#, "true")]);
    }

    #[track_caller]
    fn check_common(one: &str, other: &str, expected: &str) {
        assert_eq!(&one[..common_members(one, other)], expected, "{one} and {other}");
        assert_eq!(&other[..common_members(other, one)], expected, "{other} and {one}");
    }

    #[test]
    fn a_common_start_ends_with_a_member() {
        check_common(r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3}"#, r#"{"a":1"#);
        check_common(r#"{"a":1}"#, r#"{"a":1}"#, r#"{"a":1"#);
        check_common(r#"{"a":1,"b":2}"#, r#"{"a":12,"b":2}"#, "");
        check_common(r#"},"a":1,"b":2}"#, r#"},"a":1,"b":2}"#, "");
        check_common(r#"{"a":{"x":1,"y":2},"b":2}"#, r#"{"a":{"x":1,"y":3},"b":2}"#, "");
        check_common(
            r#"{"a":{"x":"}"},"b":"é"}"#,
            r#"{"a":{"x":"}"},"b":"è"}"#,
            r#"{"a":{"x":"}"}"#,
        );
        check_common(r#","b":[1,2],"c":"x,"}"#, r#","b":[1,2],"c":"x,y"}"#, r#","b":[1,2]"#);
        let long = format!(r#"{{"a":"{}","b":"#, "x".repeat(100));
        check_common(&format!("{long}1}}"), &format!("{long}2}}"), &long[..long.len() - 5]);
    }
}
