//! The share of deliveries by their time.

use report::{FILLS, Html, Plot, Scale, around, time};

use crate::broadcast::STEP;
use crate::record::Section;
use crate::statistics::real;

/// Points of the curve.
const POINTS: u32 = 200;

/// Empty where nothing was delivered.
pub(super) fn figure(section: &Section) -> Html {
    let Some(tally) = section.recording.steps.get(STEP) else { return String::new() };
    let times = &tally.response;
    let ends = [times.quantile(0.0), times.longest()];
    let (low, high) = around(ends.into_iter().flatten().map(real));
    let mut plot = Plot::new(Scale::Log(low, high), Scale::Linear(0.0, 1.0), |share| {
        format!("{:.0} %", share * 100.0)
    });
    plot.labels(time);
    let points = (0..=POINTS).filter_map(|point| {
        let share = f64::from(point) / f64::from(POINTS);
        Some((real(times.quantile(share)?), share))
    });
    plot.line("s0", points);
    plot.legend(&[(FILLS[0], STEP)]);
    plot.figure("Deliveries <small>by the time from when they were due</small>")
}
