//! The canonical form of a JSON document: what PostgreSQL's `jsonb` would give back, compact.
//!
//! `jsonb` sorts an object's keys (shorter ones first), keeps the last of equal keys and writes
//! numbers without an exponent, while SQLite would give back the text it was sent. Bringing a
//! document into this form before it is stored makes both databases answer the same bytes.
//! Source of the rules: PostgreSQL's `jsonb_util.c` (`lengthCompareJsonbPair`), `json.c`
//! (`escape_json`) and `numeric.c` (`set_var_from_str`).

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

/// Digits a number may have when written without an exponent: enough for every double.
const NUMBER_DIGITS_MAX: usize = 400;

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
        if token.parse().is_ok_and(f64::is_finite) {
            plain_number(token, &mut self.out)
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

/// Writes a number without an exponent; trailing zeros of a fraction stay, a negative zero does not.
fn plain_number(token: &str, out: &mut String) -> Result<(), Refusal> {
    let (mantissa, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
    let unsigned = mantissa.trim_start_matches('-');
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let exponent: i64 = exponent.parse().map_err(|_| Refusal::NumberOutOfRange)?;
    let digits = format!("{whole}{fraction}");
    let point = isize::try_from(exponent)
        .ok()
        .and_then(|shift| shift.checked_add_unsigned(whole.len()))
        .ok_or(Refusal::NumberOutOfRange)?;
    let written = match usize::try_from(point) {
        Ok(before @ 1..) => before.max(digits.len()),
        _ => point.unsigned_abs().saturating_add(digits.len()).saturating_add(1),
    };
    if written > NUMBER_DIGITS_MAX {
        return Err(Refusal::NumberOutOfRange);
    }
    if mantissa.len() > unsigned.len() && digits.bytes().any(|digit| digit != b'0') {
        out.push('-');
    }
    place_point(&digits, point, out);
    Ok(())
}

/// Writes `digits` with the decimal point after the first `point` of them.
fn place_point(digits: &str, point: isize, out: &mut String) {
    let before = usize::try_from(point).unwrap_or(0);
    let zeros = "0".repeat(before.saturating_sub(digits.len()));
    let (whole, fraction) = digits.split_at(before.min(digits.len()));
    let whole = format!("{whole}{zeros}");
    let whole = whole.trim_start_matches('0');
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(&"0".repeat(point.min(0).unsigned_abs()));
        out.push_str(fraction);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const AMPLE: Bounds = Bounds { bytes: 1 << 20, depth: 64, nodes: 10_000 };

    fn of(text: &str, bounds: Bounds) -> Result<String, Refusal> {
        let document: Box<RawValue> = serde_json::from_str(text).unwrap();
        canonical(&document, bounds).map(|it| it.get().to_owned())
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
    fn what_a_database_could_not_keep_is_refused() {
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
    fn every_bound_is_kept_to_the_last_unit() {
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

    /// Equality that takes 100 and 1e2 for the same number, whichever way it was read.
    fn equal(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => a == b || nearly(a, b),
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
            }
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
            }
            _ => a == b,
        }
    }
}
