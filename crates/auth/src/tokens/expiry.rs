//! Expiry of tokens: one rule for every kind of token and for every place that asks.

use chrono::{DateTime, TimeDelta, Utc};

/// Tolerated difference between the clocks of two instances, in seconds. A token that one instance still accepts
/// is accepted by the others too.
pub(crate) const CLOCK_SKEW_SECS: u64 = 10;

/// The moment from which a token with this `exp` (in seconds since 1970) is refused; none when the
/// number is no moment.
pub(crate) fn accepted_until(exp: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_secs(exp)?
        .checked_add_signed(TimeDelta::seconds(CLOCK_SKEW_SECS.cast_signed()))
}

/// Whether a token that is accepted until then is accepted at `now`.
pub(crate) fn is_accepted(until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now < until
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_accepted_for_ten_seconds_after_its_exp_and_no_longer() {
        let until = accepted_until(1_000).unwrap();
        let accepted = |second| is_accepted(until, DateTime::from_timestamp_secs(second).unwrap());
        assert!(accepted(0) && accepted(1_000) && accepted(1_009));
        assert!(!accepted(1_010) && !accepted(1_011));
    }

    #[test]
    fn a_number_outside_the_calendar_is_no_time() {
        assert_eq!(accepted_until(i64::MAX), None);
        assert_eq!(accepted_until(i64::MIN), None);
    }
}
