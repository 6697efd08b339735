//! Latency over time: darker where more answers took so long.

use report::{Html, Plot, Scale, time};

use crate::record::Section;
use crate::statistics::real;
use crate::tally::row_floor;

pub(super) fn figure(section: &Section) -> Html {
    let slots = &section.recording.slots;
    let rows = slots.all.iter().flat_map(|slot| {
        slot.latencies.iter().enumerate().filter(|(_, count)| **count > 0).map(|(row, _)| row)
    });
    let (low, high) = rows.fold((usize::MAX, 0), |(low, high), row| (low.min(row), high.max(row)));
    if low > high {
        return String::new();
    }
    let (low, high) = (real(row_floor(low)), real(row_floor(high + 1)));
    let length = real(slots.length) / 1e6;
    let seconds = length * real(slots.all.len() as u64);
    let mut plot = Plot::new(Scale::Linear(0.0, seconds), Scale::Log(low, high), time);
    let most = slots.all.iter().flat_map(|it| it.latencies.iter().copied()).max().unwrap_or(1);
    let mut line = Vec::new();
    for (place, slot) in slots.all.iter().enumerate() {
        let from = length * real(place as u64);
        let until = from + length;
        for (row, &count) in slot.latencies.iter().enumerate().filter(|(_, count)| **count > 0) {
            // The logarithm shows single slow answers beside thousands of quick ones.
            let shade = 0.12 + 0.88 * f64::from(count).ln_1p() / f64::from(most).ln_1p();
            let style = format!("style='fill:rgba(var(--heat),{shade:.2})'");
            let (floor, top) = (real(row_floor(row)), real(row_floor(row + 1)));
            plot.area(&style, (from, floor), (until, top), &count.to_string());
        }
        for (count, class, y) in [(slot.failed, "fbad", 4.0), (slot.refused, "fvoid", 10.0)] {
            if count > 0 {
                let (x, width) = (plot.x(from), (plot.x(until) - plot.x(from)).max(2.0));
                plot.put(&format!("<rect class={class} x={x:.1} y={y} width={width:.1} height=5><title>{count}</title></rect>"));
            }
        }
        if let Some(row) = slot.quantile_row(0.95) {
            line.push((from + length / 2.0, real(row_floor(row + 1))));
        }
    }
    plot.line("s1", line);
    plot.labels(|seconds| format!("{seconds} s"));
    plot.figure("Latency over time <small>line: p95; above: <span style='color:var(--bad)'>failed</span>, <span style='color:var(--void)'>refused</span></small>")
}
