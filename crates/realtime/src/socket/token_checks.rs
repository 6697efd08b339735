//! Which of several pending authorizations of a member counts. No I/O.

/// The pending authorizations of a member, numbered in the order of their start.
#[derive(Debug, Default)]
pub(super) struct TokenChecks {
    started: u64,
    is_pending: bool,
}

impl TokenChecks {
    /// Starts a check; returns its number. Earlier ones do not count any more.
    pub(super) fn start(&mut self) -> u64 {
        self.started += 1;
        self.is_pending = true;
        self.started
    }

    /// Finishes a check. Returns whether it counts: it is the one that was started last.
    pub(super) fn finish(&mut self, number: u64) -> bool {
        let counts = number == self.started;
        self.is_pending &= !counts;
        counts
    }

    /// Whether a check is pending. It may be of a newer token than the one that is kept.
    pub(super) fn is_pending(&self) -> bool {
        self.is_pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_that_was_started_last_counts_in_whatever_order_they_finish() {
        let mut checks = TokenChecks::default();
        let (older, newer) = (checks.start(), checks.start());
        assert!(checks.finish(newer));
        assert!(!checks.finish(older));
        let (older, newer) = (checks.start(), checks.start());
        assert!(!checks.finish(older));
        assert!(checks.finish(newer));
    }

    #[test]
    fn a_check_is_pending_until_the_last_one_finishes() {
        let mut checks = TokenChecks::default();
        assert!(!checks.is_pending());
        let (older, newer) = (checks.start(), checks.start());
        checks.finish(older);
        assert!(checks.is_pending());
        checks.finish(newer);
        assert!(!checks.is_pending());
    }
}
