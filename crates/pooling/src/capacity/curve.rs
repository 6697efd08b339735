//! Curves through measured rates, and which of them to believe.
//!
//! No single model of capacity is to be trusted: the universal scalability law missed data of a
//! capped system by 45 %, and a capped curve those of a contended one by 20 %. So three are fitted to
//! all levels but the highest, the one that foretells that level best is fitted to all of them, and
//! nothing is said about more than one and a half times the users that were measured.

mod fit;
mod model;

use super::real;

pub use model::Model;

/// Users, and the rate that they reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Users of a closed loop, 1 or more.
    pub users: usize,
    /// Requests a second, above 0.
    pub rate: f64,
}

/// A model, and how far it was off at the level that it had not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Fitted to all levels.
    pub model: Model,
    /// (foretold - measured) / measured of the highest level, when fitted to the others.
    pub held_out_error: f64,
}

/// The curves through the levels, the most credible one first.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// All three, best first.
    pub models: Vec<Scored>,
    /// The most users that were measured.
    pub measured: usize,
}

/// Fewer levels determine no curve and leave one out.
pub const LEVELS_MIN: usize = 4;

/// How far beyond what was measured a curve may be read.
pub const REACH: f64 = 1.5;

/// Fits all three; none where there are too few levels.
pub fn fit(levels: &[Level]) -> Option<Curve> {
    let mut levels = levels.to_vec();
    levels.retain(|it| it.users > 0 && it.rate > 0.0);
    levels.sort_by_key(|it| it.users);
    let (top, rest) = levels.split_last().filter(|_| levels.len() >= LEVELS_MIN)?;
    let kinds = [fit::universal, fit::capped, fit::bounds];
    let mut models = kinds.map(|fit| Scored {
        model: fit(&levels),
        held_out_error: fit(rest).rate(real(top.users)) / top.rate - 1.0,
    });
    models.sort_by(|one, other| one.held_out_error.abs().total_cmp(&other.held_out_error.abs()));
    Some(Curve { models: models.to_vec(), measured: top.users })
}

impl Curve {
    /// The rate of so many users by the best model; none beyond [`REACH`], since nobody knows.
    pub fn rate(&self, users: usize) -> Option<f64> {
        let within = real(users) <= REACH * real(self.measured);
        let best = self.models.first().filter(|_| within)?;
        Some(best.model.rate(real(users)))
    }

    /// The highest rate within reach.
    pub fn peak(&self) -> f64 {
        let reach = super::at_most(REACH * real(self.measured));
        (1..=reach).filter_map(|users| self.rate(users)).fold(0.0, f64::max)
    }

    /// Users beyond which the best model says that more of them get less.
    pub fn retrograde(&self) -> Option<f64> {
        self.models.first()?.model.retrograde()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USERS: [usize; 8] = [1, 2, 4, 8, 16, 25, 50, 100];

    fn levels(rate: impl Fn(f64) -> f64) -> Vec<Level> {
        USERS.iter().map(|&users| Level { users, rate: rate(real(users)) }).collect()
    }

    fn error(curve: &Curve, users: usize, rate: f64) -> f64 {
        (curve.rate(users).unwrap() / rate - 1.0).abs()
    }

    #[test]
    fn a_capped_system_is_recognised() {
        let rate = |n: f64| (50.0 * n).min(400.0);
        let curve = fit(&levels(rate)).unwrap();
        assert!(!matches!(curve.models[0].model, Model::Universal { .. }), "{curve:?}");
        assert!(error(&curve, 100, 400.0) < 0.03 && error(&curve, 150, 400.0) < 0.03);
        assert!(curve.retrograde().is_none());
    }

    #[test]
    fn a_contended_system_is_recognised_and_its_peak_known() {
        let rate = |n: f64| 50.0 * n / (1.0 + 0.05 * (n - 1.0) + 0.001 * n * (n - 1.0));
        let curve = fit(&levels(rate)).unwrap();
        assert!(matches!(curve.models[0].model, Model::Universal { .. }), "{curve:?}");
        let peak = curve.retrograde().unwrap();
        assert!((peak - (0.95_f64 / 0.001).sqrt()).abs() < 2.0, "{peak}");
        assert!(error(&curve, 120, rate(120.0)) < 0.05);
    }

    #[test]
    fn nothing_is_said_where_nothing_was_measured() {
        let curve = fit(&levels(|n| 50.0 * n)).unwrap();
        assert!(curve.rate(150).is_some() && curve.rate(151).is_none());
        assert!(fit(&levels(|n| n)[..3]).is_none());
        assert!(curve.retrograde().is_none_or(|peak| peak > 150.0), "{curve:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_was_measured_is_found_again(
            one in 1.0..5000.0_f64, knee in 3.0..80.0_f64, noise in prop::collection::vec(0.98..1.02_f64, 8),
        ) {
            let mut levels = levels(|n| (one * n).min(one * knee));
            for (level, noise) in levels.iter_mut().zip(&noise) {
                level.rate *= noise;
            }
            let curve = fit(&levels).unwrap();
            for level in &levels {
                prop_assert!(error(&curve, level.users, level.rate) < 0.25, "{curve:?}");
            }
            prop_assert!((curve.peak() / (one * knee) - 1.0).abs() < 0.25, "{curve:?}");
        }
    }
}
