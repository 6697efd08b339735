//! Which verdict about a member counts, when several are awaited. Pure.

/// The verdicts about a member, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    asked: u64,
    is_awaited: bool,
}

impl Verdicts {
    /// Asks for a verdict; gives its number. Those asked for before count no more.
    pub(super) fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.is_awaited = true;
        self.asked
    }

    /// Takes a verdict in. Says whether it counts: it is the latest that was asked for.
    pub(super) fn take_in(&mut self, number: u64) -> bool {
        let counts = number == self.asked;
        self.is_awaited &= !counts;
        counts
    }

    /// Whether one is awaited. It may be about a newer token than the one that is known.
    pub(super) fn is_awaited(&self) -> bool {
        self.is_awaited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_verdict_counts_in_whatever_order_they_come() {
        let mut verdicts = Verdicts::default();
        let (older, newer) = (verdicts.ask(), verdicts.ask());
        assert!(verdicts.take_in(newer));
        assert!(!verdicts.take_in(older));
        let (older, newer) = (verdicts.ask(), verdicts.ask());
        assert!(!verdicts.take_in(older));
        assert!(verdicts.take_in(newer));
    }

    #[test]
    fn a_verdict_is_awaited_until_the_latest_is_there() {
        let mut verdicts = Verdicts::default();
        assert!(!verdicts.is_awaited());
        let (older, newer) = (verdicts.ask(), verdicts.ask());
        verdicts.take_in(older);
        assert!(verdicts.is_awaited());
        verdicts.take_in(newer);
        assert!(!verdicts.is_awaited());
    }
}
