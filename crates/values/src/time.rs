//! Moments as clients write and read them.
//!
//! The old API gives moments in two ways, and clients depend on both: without a zone ([`naive`])
//! everywhere but in gameplay states, which name UTC ([`zulu`]). Both write six digits of a
//! second's fraction, or none when it is zero.

use std::ops::RangeInclusive;

use chrono::SecondsFormat::{Micros, Secs};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, Utc};
use serde_json::json;

use crate::fault::Fault;

/// The years that both databases and all clients can write.
const YEARS: RangeInclusive<i32> = 1..=9999;

/// Whether both databases can keep it, and all clients read it.
pub fn is_storable(moment: DateTime<Utc>) -> bool {
    YEARS.contains(&moment.year())
}

/// The moment a request is handled, to the microsecond, as the databases keep it.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// Reads a moment: RFC 3339 with or without a zone, a date alone, or seconds since 1970.
///
/// What has no zone is in UTC.
///
/// # Errors
/// When the text is none of these, or outside of the years 1 to 9999.
pub fn parse(text: &str) -> Result<DateTime<Utc>, Fault> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return from_unix_seconds(Some(seconds));
    }
    let moment = zoned(text).or_else(|| unzoned(text));
    moment.filter(|it| is_storable(*it)).ok_or_else(|| {
        let reason = if text.len() < "2030-01-01".len() {
            "input is too short"
        } else {
            "invalid date or time"
        };
        fault("datetime_from_date_parsing", reason)
    })
}

fn zoned(text: &str) -> Option<DateTime<Utc>> {
    let spelled = text.replacen(' ', "T", 1);
    DateTime::parse_from_rfc3339(&spelled)
        .or_else(|_| DateTime::parse_from_str(&spelled, "%Y-%m-%dT%H:%M%:z"))
        .ok()
        .map(|moment| moment.to_utc().trunc_subsecs(6))
}

fn unzoned(text: &str) -> Option<DateTime<Utc>> {
    let spelled = text.replacen(' ', "T", 1);
    let moment = NaiveDateTime::parse_from_str(&spelled, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(&spelled, "%Y-%m-%dT%H:%M"))
        .or_else(|_| {
            NaiveDate::parse_from_str(&spelled, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN))
        });
    moment.ok().map(|moment| moment.and_utc().trunc_subsecs(6))
}

/// The moment this many seconds after 1970 began.
///
/// # Errors
/// When it lies outside the calendar.
pub fn from_unix_seconds(seconds: Option<f64>) -> Result<DateTime<Utc>, Fault> {
    const MICROS: f64 = 1e6;
    /// The year 9999 ends here; both databases and all clients can say as much.
    const LAST: f64 = 253_402_300_799.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    seconds
        .filter(|it| (0.0..=LAST).contains(it))
        .and_then(|it| DateTime::from_timestamp_micros((it * MICROS) as i64))
        .ok_or_else(|| {
            fault("datetime_parsing", "dates after 9999 are not supported as unix timestamps")
        })
}

fn fault(kind: &'static str, reason: &str) -> Fault {
    let noun = if kind == "datetime_parsing" { "datetime" } else { "datetime or date" };
    Fault::new(kind, format!("Input should be a valid {noun}, {reason}"))
        .context(json!({ "error": reason }))
}

/// `2026-11-22T21:49:05.007362`: UTC, but not saying so.
pub fn naive(moment: DateTime<Utc>) -> String {
    let mut text = zulu(moment);
    text.pop();
    text
}

/// `2026-11-22T21:49:05.007362Z`.
pub fn zulu(moment: DateTime<Utc>) -> String {
    rfc3339(moment, true)
}

/// `2026-11-22T21:49:05.007362+00:00`.
pub fn offset(moment: DateTime<Utc>) -> String {
    rfc3339(moment, false)
}

fn rfc3339(moment: DateTime<Utc>, with_z: bool) -> String {
    let is_whole = moment.timestamp_subsec_micros() == 0;
    moment.to_rfc3339_opts(if is_whole { Secs } else { Micros }, with_z)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(sent: &str, read: &str) {
        assert_eq!(parse(sent).map(naive).as_deref(), Ok(read), "{sent}");
    }

    #[test]
    fn every_customary_spelling_is_read() {
        check("2030-01-01T00:00:00", "2030-01-01T00:00:00");
        check("2030-01-01", "2030-01-01T00:00:00");
        check("2030-01-01T08:30:00+08:00", "2030-01-01T00:30:00");
        check("2030-01-01 00:00:00.5Z", "2030-01-01T00:00:00.500000");
        check("2030-01-01T10:00", "2030-01-01T10:00:00");
        check("1893456000", "2030-01-01T00:00:00");
        check("2030-01-01T00:00:00.1234567Z", "2030-01-01T00:00:00.123456");
    }

    #[test]
    fn a_text_that_is_no_time_is_refused() {
        for sent in [
            "",
            "soon",
            "2030-13-01",
            "2030-01-01T25:00:00",
            "1e300",
            "-1",
            "-9000-01-01",
            "0000-12-31",
            "+12000-01-01T00:00:00",
            "0001-01-01T00:00:00+08:00",
        ] {
            assert!(parse(sent).is_err(), "{sent}");
        }
        check("0001-01-01", "0001-01-01T00:00:00");
        check("9999-12-31T23:59:59", "9999-12-31T23:59:59");
    }

    proptest! {
        #[test]
        fn a_written_time_is_read_back(micros in 0_i64..253_402_300_799_000_000) {
            let moment = DateTime::from_timestamp_micros(micros).unwrap();
            for written in [naive(moment), zulu(moment), offset(moment)] {
                prop_assert_eq!(parse(&written).unwrap(), moment);
            }
        }
    }
}
