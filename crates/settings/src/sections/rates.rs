//! Rate limits.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::keys::Keys;

/// Rate limits.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Whether anything is limited.
    pub enabled: bool,
    /// Requests of an address.
    pub general: Rate,
    /// Log-ins of an address.
    pub login: Rate,
    /// Joins of an address.
    pub join: Rate,
    /// Requests and uses of password reset tokens by an address.
    pub reset: Rate,
    /// Registrations of an address.
    pub registration: Rate,
    /// Verification mails that an address causes.
    pub verification: Rate,
    /// Websockets that an address opens.
    pub websocket: Rate,
    /// Failed log-ins of one account from one address.
    pub login_failures: Rate,
    /// Failed log-ins of one account.
    pub account_failures: Rate,
    /// Accounts that log-ins from one address fail for.
    pub accounts_tried: Rate,
    /// Wrong share codes from an address.
    pub wrong_codes: Rate,
    /// Wrong share codes from anywhere.
    pub all_wrong_codes: Rate,
}

/// A rate: a number in each period, and a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many in each period, 1 to 1,000,000,000.
    pub count: u32,
    /// The period.
    pub period: Period,
    /// How many at once, 1 to 1,000,000,000.
    pub burst: u32,
}

/// A period of a [`Rate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
}

/// More than any machine serves, and few enough for an interval of a nanosecond.
const COUNT_MAX: u32 = 1_000_000_000;

const ACCEPTED: &str = "a rate such as 30/minute burst 60, or 20/hour burst 10";

impl Rates {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        let mut rate = |key| keys.text(key, ACCEPTED, parse).unwrap_or(Rate::MAX);
        let rates = Self {
            general: rate("rates.general"),
            login: rate("rates.login"),
            join: rate("rates.join"),
            reset: rate("rates.reset"),
            registration: rate("rates.registration"),
            verification: rate("rates.verification"),
            websocket: rate("rates.websocket"),
            login_failures: rate("rates.login_failures"),
            account_failures: rate("rates.account_failures"),
            accounts_tried: rate("rates.accounts_tried"),
            wrong_codes: rate("rates.wrong_codes"),
            all_wrong_codes: rate("rates.all_wrong_codes"),
            enabled: true,
        };
        Self { enabled: keys.flag("rates.enabled"), ..rates }
    }

    /// The highest rates; a base for values of which only some matter.
    pub const MAX: Self = Self {
        enabled: true,
        general: Rate::MAX,
        login: Rate::MAX,
        join: Rate::MAX,
        reset: Rate::MAX,
        registration: Rate::MAX,
        verification: Rate::MAX,
        websocket: Rate::MAX,
        login_failures: Rate::MAX,
        account_failures: Rate::MAX,
        accounts_tried: Rate::MAX,
        wrong_codes: Rate::MAX,
        all_wrong_codes: Rate::MAX,
    };
}

impl Rate {
    /// The highest rate.
    pub const MAX: Self = Self { count: COUNT_MAX, period: Period::Minute, burst: COUNT_MAX };

    /// `count` in an hour, and `burst` at once.
    pub fn hourly(count: u32, burst: u32) -> Self {
        Self { count, period: Period::Hour, burst }
    }

    /// The interval after which one more is allowed.
    pub fn interval(&self) -> Duration {
        let period = match self.period {
            Period::Minute => Duration::from_mins(1),
            Period::Hour => Duration::from_hours(1),
        };
        period / self.count
    }
}

impl Display for Rate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let period = match self.period {
            Period::Minute => "minute",
            Period::Hour => "hour",
        };
        write!(f, "{}/{period} burst {}", self.count, self.burst)
    }
}

fn parse(text: &str) -> Result<Rate, &'static str> {
    let (rate, burst) = text.split_once(" burst ").ok_or("names no burst")?;
    let (count, period) = rate.split_once('/').ok_or("names no period")?;
    let period = match period.trim() {
        "minute" => Period::Minute,
        "hour" => Period::Hour,
        _ => return Err("has another period than minute and hour"),
    };
    Ok(Rate { count: number(count)?, period, burst: number(burst)? })
}

fn number(text: &str) -> Result<u32, &'static str> {
    let number = text.trim().parse().ok();
    number.filter(|it| (1..=COUNT_MAX).contains(it)).ok_or("has a number out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_reads_as_it_is_written() {
        for text in ["30/minute burst 60", "1/hour burst 1", "1000000000/minute burst 1000000000"] {
            assert_eq!(parse(text).map(|rate| rate.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(parse("30/minute burst 60").unwrap().interval(), Duration::from_secs(2));
        assert!(!Rate::MAX.interval().is_zero());
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in [
            "",
            "30",
            "30/minute",
            "0/hour burst 1",
            "1/hour burst 0",
            "1/day burst 1",
            "-1/hour burst 1",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
