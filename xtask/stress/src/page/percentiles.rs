//! The percentile curve, with its tail spread out.

use report::{FILLS, Html, Plot, Scale, around, time};

use crate::record::Section;
use crate::statistics::real;
use crate::times::Times;

/// Nines that are shown at most.
const NINES: f64 = 4.0;

/// Response time by percentile; the service time is dashed.
pub(super) fn figure(section: &Section) -> Html {
    let steps: Vec<_> =
        section.recording.steps.iter().filter(|(_, it)| it.successes() > 0).collect();
    let ends = steps.iter().flat_map(|(_, it)| [it.response.quantile(0.0), it.response.longest()]);
    let (low, high) = around(ends.flatten().map(real));
    let most = steps.iter().map(|(_, it)| it.successes()).max().unwrap_or(1);
    let nines = real(most).log10().clamp(1.0, NINES);
    let mut plot = Plot::new(Scale::Linear(0.0, nines), Scale::Log(low, high), time);
    for (at, name) in [
        (0.0, "0"),
        (0.301, "50 %"),
        (1.0, "90 %"),
        (1.301, "95 %"),
        (2.0, "99 %"),
        (3.0, "99.9 %"),
        (4.0, "99.99 %"),
    ] {
        if at <= nines {
            plot.label(at, name);
        }
    }
    let mut names = Vec::new();
    for (place, (step, tally)) in steps.iter().enumerate() {
        let colour = place % FILLS.len();
        let last = real(tally.successes()).log10().min(nines);
        let points = |times: &Times| {
            let times = times.clone();
            (0..=80).filter_map(move |i| {
                let x = f64::from(i) / 80.0 * last;
                Some((x, real(times.quantile(1.0 - 10_f64.powf(-x))?)))
            })
        };
        plot.line(&format!("dash s{colour}"), points(&tally.service));
        plot.line(&format!("s{colour}"), points(&tally.response));
        names.push((FILLS[colour], step.as_str()));
    }
    plot.legend(&names);
    plot.figure(
        "Percentiles <small>from when a request was due; dashed: from when it was sent</small>",
    )
}
