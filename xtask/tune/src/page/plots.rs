//! Rates by users with the curves through them, bursts by their size, errors in the order of time.

use capacity::curve::{Curve, Level, REACH};
use report::{FILLS, Html, Plot, Scale};

use crate::calibration::{Operation, real};
use crate::history::Entry;

/// Points of a curve.
const POINTS: usize = 80;

fn short(value: f64) -> String {
    match value {
        it if it >= 1000.0 => format!("{:.1}k", it / 1000.0),
        it if it >= 10.0 => format!("{it:.0}"),
        it => format!("{it:.1}"),
    }
}

fn plot(x_max: f64, y_max: f64) -> Plot {
    let mut plot = Plot::new(Scale::Linear(0.0, x_max), Scale::Linear(0.0, y_max), short);
    plot.labels(short);
    plot
}

fn dots(plot: &mut Plot, points: impl IntoIterator<Item = (f64, f64)>) {
    points.into_iter().for_each(|(x, y)| plot.dot("f0", x, y, &short(y)));
}

/// Measured rates, the fitted curves, the band of the chosen one, and the range without a prediction.
pub(super) fn capacity(levels: &[Level], curve: &Curve) -> Html {
    let most = (levels.iter().map(|it| it.rate).fold(0.0, f64::max) * 1.2).max(1.0);
    let reach = REACH * real(curve.measured);
    let mut plot = plot(reach * 1.2, most);
    plot.area("class=fvoid opacity=.12", (reach, 0.0), (reach * 1.2, most), "not predicted");
    let at = |point: usize| 1.0 + (reach - 1.0) * real(point) / real(POINTS);
    if let Some(best) = curve.models.first() {
        let off = best.held_out_error.abs();
        for side in [1.0 - off, 1.0 + off] {
            let points = (0..=POINTS).map(|it| (at(it), best.model.rate(at(it)) * side));
            plot.line("soft dash", points);
        }
    }
    let name = |it: &capacity::curve::Scored| {
        format!("{} {:+.1} %", it.model.name(), it.held_out_error * 100.0)
    };
    let names: Vec<_> = curve.models.iter().map(name).collect();
    for (place, it) in curve.models.iter().enumerate() {
        let points = (0..=POINTS).map(|point| (at(point), it.model.rate(at(point))));
        plot.line(&format!("s{place}"), points);
    }
    dots(&mut plot, levels.iter().map(|it| (real(it.users), it.rate)));
    let legend: Vec<_> = FILLS.into_iter().zip(names.iter().map(String::as_str)).collect();
    plot.legend(&legend);
    plot.figure("Requests a second by users <small>errors at the top level, when left out</small>")
}

/// The 95th percentiles of bursts.
pub(super) fn bursts(operation: &Operation) -> Html {
    let users = operation.people.iter().map(|&it| real(it));
    let points: Vec<_> = users.zip(operation.burst_ms.iter().copied()).collect();
    let most = points.iter().map(|it| it.1).fold(0.0, f64::max) * 1.2;
    let mut plot = plot(54.0, most.max(0.1));
    plot.line("s0", points.iter().copied());
    dots(&mut plot, points);
    plot.figure("95th percentile of bursts in ms, by users at once")
}

/// The errors of predictions in percent, the latest on the right.
pub(super) fn errors(history: &[Entry]) -> Html {
    let judged = history.iter().flat_map(|it| &it.rows).filter(|it| it.holds.is_some());
    let errors: Vec<_> = judged.filter_map(|it| it.error).filter(|it| it.is_finite()).collect();
    if errors.is_empty() {
        return String::new();
    }
    let most = errors.iter().map(|it| it.abs() * 100.0).fold(30.0, f64::max);
    let mut plot = plot(real(errors.len()), most);
    plot.level("limit", 15.0, "15 %");
    let points = errors.iter().enumerate();
    dots(&mut plot, points.map(|(place, it)| (real(place) + 0.5, it.abs() * 100.0)));
    plot.figure("Errors of predictions in percent, in the order of time")
}
