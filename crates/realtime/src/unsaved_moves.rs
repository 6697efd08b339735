//! When the moves of visitors in a channel are saved. No I/O: time is an argument.

use std::time::{Duration, Instant};

/// How long nothing is moved before the moves are saved: pages of owners save every thirty seconds.
const PAUSE: Duration = Duration::from_secs(3);

/// How long a move waits at most while others follow.
const WAIT_MAX: Duration = Duration::from_secs(15);

/// The times of the moves that are not saved yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unsaved {
    first: Instant,
    last: Instant,
}

impl Unsaved {
    /// The times after a move at `now`.
    pub(crate) fn after_move(earlier: Option<Self>, now: Instant) -> Self {
        Self { first: earlier.map_or(now, |it| it.first), last: now }
    }

    /// When the moves are to be saved.
    pub(crate) fn due(self) -> Instant {
        (self.last + PAUSE).min(self.first + WAIT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_are_saved_after_a_pause_and_without_one_after_a_while() {
        let start = Instant::now();
        let mut unsaved = Unsaved::after_move(None, start);
        assert_eq!(unsaved.due(), start + PAUSE);
        for second in 1..=14 {
            let now = start + Duration::from_secs(second);
            unsaved = Unsaved::after_move(Some(unsaved), now);
            assert_eq!(unsaved.due(), (now + PAUSE).min(start + WAIT_MAX));
        }
        assert_eq!(unsaved.due(), start + WAIT_MAX);
    }
}
