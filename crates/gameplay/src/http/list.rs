//! Pages of a room's states.

use chrono::DateTime;
use ids::GameplayStateId;
use serde_json::Value;
use values::{Fault, Field, Fields, FromFields, Location};

use crate::states::Cursor;

/// Size of a page of states: its documents together, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct ListBytes(pub usize);

/// The page of a room's states that is asked for.
pub(super) struct ListRequest {
    pub(super) after: Option<Cursor>,
}

impl FromFields for ListRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { after: fields.field::<Option<Cursor>>("after")? })
    }
}

impl Cursor {
    /// The cursor as clients send it back.
    pub(super) fn text(self) -> String {
        format!("{}-{}", self.saved_at.timestamp_micros(), self.id.as_uuid().simple())
    }

    fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('-')?;
        let saved_at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        let id = serde_json::from_value::<GameplayStateId>(Value::from(id)).ok()?;
        Some(Self { saved_at, id })
    }
}

impl Field for Cursor {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let cursor = value.as_str().and_then(Self::parse);
        let fault = || Fault::new("value_error", "Value error, the next_after of another page");
        location.check(value, cursor.ok_or_else(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_from_its_text() {
        let cursor = Cursor {
            saved_at: DateTime::from_timestamp_micros(1_764_500_000_123_456).unwrap(),
            id: GameplayStateId::from_u128(10),
        };
        assert_eq!(Cursor::parse(&cursor.text()), Some(cursor));
        for text in ["", "-", "1", "x-0000000000000000000000000000000a", "1-0"] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }
}
