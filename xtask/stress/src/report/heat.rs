//! Latency over time: the darker, the more answers took so long at that moment.

use super::plot::{Plot, Scale, time};
use crate::record::Section;
use crate::statistics::real;
use crate::tally::row_floor;

pub(super) fn figure(section: &Section) -> String {
    let slots = &section.recording.slots;
    let rows = slots.all.iter().flat_map(|slot| {
        slot.latencies.iter().enumerate().filter(|(_, count)| **count > 0).map(|(row, _)| row)
    });
    let (low, high) = rows.fold((usize::MAX, 0), |(low, high), row| (low.min(row), high.max(row)));
    if low > high {
        return String::new();
    }
    let (low, high) = (real(row_floor(low)), real(row_floor(high + 1)));
    let seconds = real(slots.length) / 1e6 * real(slots.all.len() as u64);
    let mut plot = Plot::new(Scale::Linear(0.0, seconds), Scale::Log(low, high), time);
    let most = slots.all.iter().flat_map(|it| it.latencies.iter().copied()).max().unwrap_or(1);
    let mut line = Vec::new();
    for (place, slot) in slots.all.iter().enumerate() {
        let from = real(slots.length) / 1e6 * real(place as u64);
        let width = plot.x(from + real(slots.length) / 1e6) - plot.x(from) + 0.3;
        let x = plot.x(from);
        for (row, &count) in slot.latencies.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (bottom, top) = (plot.y(real(row_floor(row))), plot.y(real(row_floor(row + 1))));
            // The logarithm lets single slow answers be seen beside thousands of quick ones.
            let shade = 0.12 + 0.88 * f64::from(count).ln_1p() / f64::from(most).ln_1p();
            plot.put(&format!("<rect x={x:.1} y={top:.1} width={width:.2} height={:.2} style='fill:rgba(var(--heat),{shade:.2})'/>", bottom - top + 0.3));
        }
        for (count, class, y) in [(slot.failed, "fbad", 4.0), (slot.refused, "fvoid", 10.0)] {
            if count > 0 {
                plot.put(&format!("<rect class={class} x={x:.1} y={y} width={:.1} height=5><title>{count}</title></rect>", width.max(2.0)));
            }
        }
        if let Some(row) = slot.quantile_row(0.95) {
            line.push((from + real(slots.length) / 2e6, real(row_floor(row + 1))));
        }
    }
    plot.line("s1", line);
    plot.labels(|seconds| format!("{seconds} s"));
    plot.figure("Latency over time <small>line: p95; above: <span style='color:var(--bad)'>failed</span>, <span style='color:var(--void)'>refused</span></small>")
}
