//! Refusals as the log tells them: a thousand in a second say no more than one, and cost what would do
//! the work of others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How often the log tells of refusals of one kind, on each thread of the server.
const EVERY: Duration = Duration::from_secs(1);

thread_local! {
    static REFUSALS: RefCell<Refusals> = RefCell::default();
}

/// How many refusals with this code, the present one included, the log has not told of; nothing when
/// it told of some a moment ago. The metrics have them all.
pub(crate) fn unreported(code: &'static str) -> Option<u64> {
    REFUSALS.with_borrow_mut(|refusals| refusals.add(code, Instant::now()))
}

#[derive(Default)]
struct Refusals(HashMap<&'static str, Untold>);

/// Refusals of one kind since the log told of some.
struct Untold {
    since: Instant,
    number: u64,
}

impl Refusals {
    fn add(&mut self, code: &'static str, now: Instant) -> Option<u64> {
        let Some(untold) = self.0.get_mut(code) else {
            self.0.insert(code, Untold { since: now, number: 0 });
            return Some(1);
        };
        untold.number += 1;
        if now < untold.since + EVERY {
            return None;
        }
        untold.since = now;
        Some(std::mem::take(&mut untold.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_the_log_tells_once_a_second_and_how_many() {
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
