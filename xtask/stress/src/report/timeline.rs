//! One burst, request by request: a staircase is a queue.

use super::plot::{FILLS, Plot, Scale};
use crate::record::Section;
use crate::statistics::real;

pub(super) fn figure(section: &Section) -> String {
    // The first burst: later ones are in no timeline, and a person does everything once.
    let bars = &section.recording.timeline;
    let end = bars.iter().map(|it| it.done).max().unwrap_or(1);
    let mut steps: Vec<&str> = bars.iter().map(|it| it.step.as_str()).collect();
    steps.sort_unstable();
    steps.dedup();
    // People in the order in which they were done with their first step.
    let mut order: Vec<(u64, usize)> = Vec::new();
    for bar in bars {
        if !order.iter().any(|(_, person)| *person == bar.person) {
            order.push((bar.done, bar.person));
        }
    }
    order.sort_unstable();
    let people = order.len().max(1);
    let scale = Scale::Linear(0.0, real(end) / 1e3);
    let mut plot =
        Plot::new(scale, Scale::Linear(0.0, real(people as u64)), |it| format!("{it:.0}"));
    let height = (200.0 / real(people as u64)).max(1.0);
    for bar in bars {
        let row = order.iter().position(|(_, person)| *person == bar.person).unwrap_or(0);
        let colour = steps.iter().position(|it| *it == bar.step).unwrap_or(0) % FILLS.len();
        let (from, to) = (plot.x(real(bar.sent) / 1e3), plot.x(real(bar.done) / 1e3));
        let class = if bar.success { FILLS[colour] } else { "fbad" };
        let y = plot.y(real(row as u64 + 1));
        plot.put(&format!("<rect class={class} x={from:.1} y={y:.1} width={:.1} height={:.1} rx=1><title>{} {:.2} ms</title></rect>", (to - from).max(0.7), height * 0.8, bar.step, real(bar.done - bar.sent) / 1e3));
    }
    let names: Vec<_> =
        steps.iter().enumerate().map(|(place, step)| (FILLS[place % FILLS.len()], *step)).collect();
    plot.legend(&names);
    plot.labels(|ms| if ms >= 1000.0 { format!("{:.1} s", ms / 1e3) } else { format!("{ms} ms") });
    plot.figure("The first burst <small>a row a person; a staircase is a queue</small>")
}
