//! The best curve of each kind: least squares of relative errors, by a search that needs no
//! derivatives (Hooke and Jeeves, 1961). Parameters are bounded, so that data which scale perfectly
//! give no contention rather than a negative one.

use super::model::{Level, Model};
use crate::quantities::real;

/// Steps of the search at most; each costs a few evaluations a parameter.
const STEPS_MAX: usize = 400;

/// When a step is this small, relative to 1, the search is over.
const STEP_MIN: f64 = 1e-5;

pub(super) fn universal(levels: &[Level]) -> Model {
    let (one, _) = start(levels);
    let model = |p: &[f64; 3]| Model::Universal {
        one: p[0].exp(),
        contention: p[1].clamp(0.0, 1.0),
        coherence: p[2].max(0.0) / 100.0,
    };
    let starts = [[one.ln(), 0.0, 0.0], [one.ln(), 0.05, 0.1], [one.ln(), 0.5, 0.01]];
    best(levels, &starts, model)
}

pub(super) fn capped(levels: &[Level]) -> Model {
    let (one, most) = start(levels);
    let model = |p: &[f64; 3]| Model::Capped {
        one: p[0].exp(),
        most: p[1].exp(),
        sharpness: p[2].clamp(0.0, 4.0).exp2(),
    };
    let starts = [[one.ln(), most.ln(), 1.0], [one.ln(), most.ln(), 3.0]];
    best(levels, &starts, model)
}

pub(super) fn bounds(levels: &[Level]) -> Model {
    let (one, most) = start(levels);
    let model = |p: &[f64; 2]| Model::Bounds { one: p[0].exp(), most: p[1].exp() };
    best(levels, &[[one.ln(), most.ln()]], model)
}

/// The rate of one user, and the highest.
fn start(levels: &[Level]) -> (f64, f64) {
    let one = levels.first().map_or(1.0, |it| it.rate / real(it.users));
    let most = levels.iter().map(|it| it.rate).fold(f64::MIN_POSITIVE, f64::max);
    (one, most)
}

fn best<const N: usize>(
    levels: &[Level],
    starts: &[[f64; N]],
    model: impl Fn(&[f64; N]) -> Model,
) -> Model {
    let badness = |point: &[f64; N]| {
        let model = model(point);
        levels.iter().map(|it| (model.rate(real(it.users)) / it.rate - 1.0).powi(2)).sum::<f64>()
    };
    let found = starts.iter().map(|start| search(*start, &badness));
    let found = found.min_by(|one, other| badness(one).total_cmp(&badness(other)));
    model(&found.unwrap_or([0.0; N]))
}

/// Descends along one parameter after the other, with steps that shrink when none improves the fit.
fn search<const N: usize>(mut point: [f64; N], badness: &impl Fn(&[f64; N]) -> f64) -> [f64; N] {
    let mut lowest = badness(&point);
    let mut step = 0.25;
    for _ in 0..STEPS_MAX {
        let before = lowest;
        for place in 0..N {
            for change in [step, -step] {
                let mut other = point;
                other[place] += change;
                let found = badness(&other);
                if found < lowest {
                    (point, lowest) = (other, found);
                }
            }
        }
        if lowest >= before {
            step /= 2.0;
        }
        if step < STEP_MIN {
            break;
        }
    }
    point
}
