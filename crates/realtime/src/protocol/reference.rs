//! The reference of a client message.

use serde_json::value::RawValue;

use super::quoted::quoted;

/// The reference of a client message: a string, a number or none. The reply repeats it as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ref(Option<Box<str>>);

/// Longest reference that is repeated, in bytes of JSON.
const BYTES_MAX: usize = 255;

impl Ref {
    /// No reference.
    pub(crate) const NONE: Self = Self(None);

    /// The reference in a JSON frame; a value that is neither a string nor a number is none.
    pub(crate) fn of_json(raw: Option<&RawValue>) -> Self {
        let fits = |text: &&str| {
            let first = text.bytes().next().unwrap_or_default();
            text.len() <= BYTES_MAX && (first == b'"' || first == b'-' || first.is_ascii_digit())
        };
        Self(raw.map(RawValue::get).filter(fits).map(Box::from))
    }

    /// The reference in the header of a binary frame; an empty one is none.
    pub(crate) fn of_text(text: &str) -> Self {
        Self((!text.is_empty()).then(|| quoted(text).into()))
    }

    /// The reference as JSON.
    pub(crate) fn json(&self) -> &str {
        self.0.as_deref().unwrap_or("null")
    }

    /// Whether a message with this `join_ref` belongs to `join`. A message without one belongs to any.
    pub(crate) fn belongs_to(&self, join: &Self) -> bool {
        self.0.is_none() || self.bare() == join.bare()
    }

    /// The reference without quotes: clients send one reference as a string and as a number.
    fn bare(&self) -> Option<&str> {
        self.0.as_deref().map(|text| text.trim_matches('"'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Ref {
        Ref::of_json(Some(serde_json::from_str(json).unwrap()))
    }

    #[test]
    fn a_reference_is_repeated_as_it_came() {
        for json in [r#""6""#, "0", "-1", r#""a\"b""#] {
            assert_eq!(of(json).json(), json);
        }
        for json in ["null", "[]", "{}", "true"] {
            assert_eq!(of(json), Ref::NONE, "{json}");
        }
        assert_eq!(Ref::of_text("6"), of(r#""6""#));
        assert_eq!(Ref::of_text(""), Ref::NONE);
    }

    #[test]
    fn a_message_belongs_to_the_join_it_names_or_to_any() {
        assert!(of("6").belongs_to(&of(r#""6""#)));
        assert!(Ref::NONE.belongs_to(&of(r#""6""#)));
        assert!(!of(r#""6""#).belongs_to(&of(r#""9""#)));
        assert!(!of(r#""6""#).belongs_to(&Ref::NONE));
    }
}
