//! Closed loops of more and more users, until the objective breaks: the knee, and the load beyond it.

use serde::{Deserialize, Serialize};

use crate::statistics::real;

/// Users of each rung by default.
pub(crate) const RUNGS: [usize; 11] = [1, 2, 4, 8, 10, 16, 25, 50, 100, 200, 400];

/// Share of the best rate that the knee has at least.
const KNEE_SHARE: f64 = 0.9;

/// A closed loop of some users.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rung {
    pub(crate) users: usize,
    /// Successes a second.
    pub(crate) rate: f64,
    /// In microseconds.
    pub(crate) mean: f64,
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) success: f64,
    pub(crate) server_cores: Option<f64>,
    pub(crate) generator_cpu: f64,
    /// The objective that was missed.
    pub(crate) broken: Option<String>,
    pub(crate) valid: bool,
}

/// All rungs, from the first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ladder {
    pub(crate) scenario: String,
    pub(crate) step: String,
    pub(crate) rungs: Vec<Rung>,
}

impl Ladder {
    /// The fewest users that reach nearly the best rate: more of them only wait longer.
    pub(crate) fn knee(&self) -> Option<&Rung> {
        let best = self.sound().map(|it| it.rate).fold(0.0, f64::max);
        self.sound().find(|it| it.rate >= KNEE_SHARE * best)
    }

    /// The most users with which every objective was met.
    pub(crate) fn usable(&self) -> Option<&Rung> {
        self.sound().take_while(|it| it.broken.is_none()).last()
    }

    /// The first rung that broke an objective.
    pub(crate) fn broken(&self) -> Option<&Rung> {
        self.sound().find(|it| it.broken.is_some())
    }

    /// Whether there are rungs beyond the knee.
    pub(crate) fn is_past_knee(&self) -> bool {
        let last = self.sound().last().map(|it| it.users);
        self.knee().is_some_and(|knee| Some(knee.users) != last)
    }

    /// The best rate, and the users at which a server without any waiting would reach it
    /// (N* = X·R of one user).
    pub(crate) fn bounds(&self) -> Option<(f64, f64)> {
        let best = self.sound().map(|it| it.rate).fold(0.0, f64::max);
        let first = self.sound().next().filter(|it| it.users == 1)?;
        Some((best, best * first.mean / 1e6))
    }

    /// The rate of `users` by the bounds alone: the asymptotes of the curve.
    pub(crate) fn asymptote(&self, users: usize) -> Option<f64> {
        let (best, _) = self.bounds()?;
        let first = self.sound().next()?;
        Some((real(users as u64) / (first.mean / 1e6)).min(best))
    }

    fn sound(&self) -> impl Iterator<Item = &Rung> {
        self.rungs.iter().filter(|it| it.valid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(rates: &[(usize, f64)]) -> Ladder {
        let rung = |&(users, rate): &(usize, f64)| Rung {
            users,
            rate,
            mean: real(users as u64) / rate * 1e6,
            p50: 0.0,
            p95: 0.0,
            p99: 0.0,
            success: 1.0,
            server_cores: None,
            generator_cpu: 0.1,
            broken: (users > 60).then(|| "save.p95 < 50ms".into()),
            valid: true,
        };
        let rungs = rates.iter().map(rung).collect();
        Ladder { scenario: "save".into(), step: "save".into(), rungs }
    }

    #[test]
    fn the_knee_is_where_more_users_only_wait() {
        let ladder = ladder(&[(1, 49.0), (8, 391.0), (10, 398.0), (50, 401.0), (100, 400.0)]);

        assert_eq!(ladder.knee().map(|it| it.users), Some(8));
        assert_eq!(ladder.usable().map(|it| it.users), Some(50));
        assert_eq!(ladder.broken().map(|it| it.users), Some(100));
        assert!(ladder.is_past_knee());
        assert!(
            ladder
                .bounds()
                .is_some_and(|(best, users)| best > 400.0 && (8.0..8.3).contains(&users))
        );
    }

    #[test]
    fn a_ladder_that_still_climbs_has_no_knee_behind_it() {
        assert!(!ladder(&[(1, 50.0), (2, 100.0), (4, 200.0)]).is_past_knee());
        assert!(ladder(&[]).knee().is_none());
    }

    #[test]
    fn a_rung_that_was_invalid_counts_for_nothing() {
        let mut ladder = ladder(&[(1, 50.0), (2, 100.0), (4, 900.0)]);
        ladder.rungs[2].valid = false;

        assert_eq!(ladder.knee().map(|it| it.users), Some(2));
    }
}
