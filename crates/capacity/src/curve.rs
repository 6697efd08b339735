//! Capacity curves fitted to measured rates, and the choice between them.
//!
//! No single model of capacity fits everywhere: the universal scalability law missed data of a capped
//! system by 45 %, and a capped curve missed data of a contended one by 20 %. So three models are fitted
//! to all levels. A model that misses a measured level by much more than another does is ruled out; among
//! the others, the one that best predicts the highest level from the levels below is taken. Nothing is
//! extrapolated beyond one and a half times the users that were measured.

mod fit;
mod model;

use crate::quantities::{at_most, real};

pub use model::{Level, Model};

/// A fitted model with its errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Fitted to all levels.
    pub model: Model,
    /// (predicted - measured) / measured of the highest level, when fitted to the others.
    pub held_out_error: f64,
    /// The largest |predicted - measured| / measured over all levels, when fitted to all of them.
    pub residual: f64,
}

impl Scored {
    fn predicted(&self) -> bool {
        self.held_out_error.abs() <= PREDICTED_WITHIN
    }
}

/// The curves through the levels, the most credible one first.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// All three, best first.
    pub models: Vec<Scored>,
    /// The highest measured number of users.
    pub measured: usize,
}

/// With fewer levels, a model with three parameters would fit any data once one level is held out.
pub const LEVELS_MIN: usize = 4;

/// A curve is extrapolated to this many times the users that were measured.
pub const REACH: f64 = 1.5;

/// A model whose residual is more than this many times the least one is ruled out.
const RESIDUAL_FACTOR: f64 = 2.0;

/// A residual that rules out no model: two measurements of one level differ as much.
const RESIDUAL_OF_NOISE: f64 = 0.01;

/// A model predicted the highest level when it was off by no more than this. When none did, the rate bends
/// between the last two levels, and the other levels do not show how.
const PREDICTED_WITHIN: f64 = 0.1;

/// Fits all models; `None` for fewer than [`LEVELS_MIN`] levels.
pub fn fit(levels: &[Level]) -> Option<Curve> {
    let mut levels = levels.to_vec();
    levels.retain(|it| it.users > 0 && it.rate > 0.0);
    levels.sort_by_key(|it| it.users);
    let (top, rest) = levels.split_last().filter(|_| levels.len() >= LEVELS_MIN)?;
    let kinds = [fit::universal, fit::capped, fit::bounds];
    let mut models = kinds.map(|fit| {
        let model = fit(&levels);
        Scored {
            model,
            held_out_error: error(&fit(rest), top),
            residual: levels.iter().map(|it| error(&model, it).abs()).fold(0.0, f64::max),
        }
    });
    let least = models.iter().map(|it| it.residual).fold(f64::INFINITY, f64::min);
    let limit = (RESIDUAL_FACTOR * least).max(RESIDUAL_OF_NOISE);
    let predicted = models.iter().any(Scored::predicted);
    let score = |it: &Scored| if predicted { it.held_out_error.abs() } else { it.residual };
    models.sort_by(|one, other| {
        let ruled_out = |it: &Scored| it.residual > limit;
        ruled_out(one).cmp(&ruled_out(other)).then(score(one).total_cmp(&score(other)))
    });
    Some(Curve { models: models.to_vec(), measured: top.users })
}

/// (predicted - measured) / measured.
fn error(model: &Model, level: &Level) -> f64 {
    model.rate(real(level.users)) / level.rate - 1.0
}

impl Curve {
    /// Whether the best model, fitted to the other levels, predicted the highest one.
    ///
    /// Otherwise the curve bends at the highest level, and its rates beyond are a guess: measure more
    /// levels.
    pub fn is_certain(&self) -> bool {
        self.models.first().is_some_and(Scored::predicted)
    }

    /// The rate of `users` by the best model; `None` beyond [`REACH`].
    pub fn rate(&self, users: usize) -> Option<f64> {
        let within = real(users) <= REACH * real(self.measured);
        let best = self.models.first().filter(|_| within)?;
        Some(best.model.rate(real(users)))
    }

    /// The highest rate within reach.
    pub fn peak(&self) -> f64 {
        let reach = at_most(REACH * real(self.measured));
        (1..=reach).filter_map(|users| self.rate(users)).fold(0.0, f64::max)
    }

    /// Users beyond which the rate falls, by the best model.
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
    fn without_measurements_there_is_no_curve() {
        let curve = fit(&levels(|n| 50.0 * n)).unwrap();
        assert!(curve.rate(150).is_some() && curve.rate(151).is_none());
        assert!(fit(&levels(|n| n)[..3]).is_none());
        assert!(curve.retrograde().is_none_or(|peak| peak > 150.0), "{curve:?}");
    }

    /// This number of cases, unless `PROPTEST_CASES` is set.
    fn cases(cases: u32) -> ProptestConfig {
        let default = ProptestConfig::default();
        if std::env::var_os("PROPTEST_CASES").is_some() {
            default
        } else {
            ProptestConfig { cases, ..default }
        }
    }

    #[track_caller]
    fn check(one: f64, knee: f64, noise: &[f64]) {
        let mut levels = levels(|n| (one * n).min(one * knee));
        for (level, noise) in levels.iter_mut().zip(noise) {
            level.rate *= noise;
        }
        let curve = fit(&levels).unwrap();
        for level in &levels {
            assert!(error(&curve, level.users, level.rate) < 0.25, "{curve:?}");
        }
        let peak_error = (curve.peak() / (one * knee) - 1.0).abs();
        assert!(peak_error < 0.25 || !curve.is_certain(), "{peak_error}: {curve:?}");
    }

    #[test]
    fn a_model_that_misses_the_measurements_is_not_used_to_extrapolate() {
        // Below the knee between the last two levels, noise looks like contention.
        let noise = [0.98, 1.02, 0.98, 0.98, 1.02, 0.98, 0.98, 1.02];
        check(1.0, 79.5, &noise);
        check(1.0, 79.5, &[0.98; 8]);
        check(1.0, 79.5, &[1.02, 0.98, 0.98, 0.98, 1.02, 0.98, 0.98, 1.02]);
    }

    proptest! {
        #![proptest_config(cases(24))]
        #[test]
        fn a_curve_is_recovered_from_its_own_points(
            one in 1.0..5000.0_f64, knee in 3.0..80.0_f64, noise in prop::collection::vec(0.98..1.02_f64, 8),
        ) {
            check(one, knee, &noise);
        }
    }
}
