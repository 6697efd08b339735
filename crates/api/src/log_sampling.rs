//! Sampling of refusals in the log: at most one line a second for each code, with the number of refusals.
//! Writing a line for each would cost as much as serving others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Time between two lines about refusals with one code, on each thread of the server.
const EVERY: Duration = Duration::from_secs(1);

thread_local! {
    static REFUSALS: RefCell<Refusals> = RefCell::default();
}

/// The number of refusals with this code since the last line about them, the present one included; `None`
/// when that line is less than a second old. Metrics count all of them.
pub(crate) fn unreported(code: &'static str) -> Option<u64> {
    REFUSALS.with_borrow_mut(|refusals| refusals.add(code, Instant::now()))
}

#[derive(Default)]
struct Refusals(HashMap<&'static str, Unreported>);

/// Refusals with one code since the last line about them.
struct Unreported {
    since: Instant,
    number: u64,
}

impl Refusals {
    fn add(&mut self, code: &'static str, now: Instant) -> Option<u64> {
        let Some(unreported) = self.0.get_mut(code) else {
            self.0.insert(code, Unreported { since: now, number: 0 });
            return Some(1);
        };
        unreported.number += 1;
        if now < unreported.since + EVERY {
            return None;
        }
        unreported.since = now;
        Some(std::mem::take(&mut unreported.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_logged_once_a_second_with_its_number() {
        let mut refusals = Refusals::default();
        let start = Instant::now();
        assert_eq!(refusals.add("busy", start), Some(1));
        for step in 1..100 {
            assert_eq!(refusals.add("busy", start + EVERY * step / 100), None, "{step}");
        }
        assert_eq!(refusals.add("other", start), Some(1));
        assert_eq!(refusals.add("busy", start + EVERY), Some(100));
        assert_eq!(refusals.add("busy", start + EVERY * 3), Some(1));
    }
}
