//! Days of the calendar.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::{Value, json};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::fault::{Fault, Location};
use crate::field::Field;
use crate::time;

/// A day of the years 1 to 9999, such as `2026-11-30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(NaiveDate);

impl Day {
    /// Reads a day, or a moment at which a day begins in UTC.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let moment = time::parse(text).map_err(|_| fault("date_from_datetime_parsing"))?;
        Self::begun_at(moment)
    }

    fn begun_at(moment: DateTime<Utc>) -> Result<Self, Fault> {
        let begins = moment.time() == NaiveTime::MIN;
        begins.then(|| Self(moment.date_naive())).ok_or_else(|| {
            let msg = "Datetimes provided to dates should have zero time - e.g. be exact dates";
            Fault::new("date_from_datetime_inexact", msg)
        })
    }
}

fn fault(kind: &'static str) -> Fault {
    let reason = "invalid date";
    Fault::new(kind, format!("Input should be a valid date or datetime, {reason}"))
        .context(json!({ "error": reason }))
}

impl Field for Day {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let day = match value {
            Value::String(text) => Self::parse(text),
            _ => Err(Fault::new("date_type", "Input should be a valid date")),
        };
        location.check(value, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        let day = ObjectBuilder::new().schema_type(Type::String);
        day.format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).into()
    }
}

impl ToSchema for Day {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_as_it_was_read() {
        for (sent, kept) in [
            ("2026-11-30", "2026-11-30"),
            ("2026-11-30T00:00:00Z", "2026-11-30"),
            ("0001-01-01", "0001-01-01"),
        ] {
            assert_eq!(Day::parse(sent).unwrap().to_string(), kept);
        }
        for sent in ["", "soon", "2026-13-01", "2026-11-30T10:00:00", "2026-02-30"] {
            assert!(Day::parse(sent).is_err(), "{sent}");
        }
    }
}
