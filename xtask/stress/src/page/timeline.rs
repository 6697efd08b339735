//! One burst, request by request; a queue shows as a staircase.

use report::{FILLS, Html, Plot, Scale};

use crate::record::Section;
use crate::statistics::real;

pub(super) fn figure(section: &Section) -> Html {
    // Only the first burst is recorded request by request, and each user does everything once.
    let bars = &section.recording.timeline;
    let end = bars.iter().map(|it| it.done).max().unwrap_or(1);
    let mut steps: Vec<&str> = bars.iter().map(|it| it.step.as_str()).collect();
    steps.sort_unstable();
    steps.dedup();
    // Users in the order in which they finished their first step.
    let mut order: Vec<(u64, usize)> = Vec::new();
    for bar in bars {
        if !order.iter().any(|(_, user)| *user == bar.user) {
            order.push((bar.done, bar.user));
        }
    }
    order.sort_unstable();
    let users = order.len().max(1);
    let scale = Scale::Linear(0.0, real(end) / 1e3);
    let mut plot =
        Plot::new(scale, Scale::Linear(0.0, real(users as u64)), |it| format!("{it:.0}"));
    for bar in bars {
        let row = order.iter().position(|(_, user)| *user == bar.user).unwrap_or(0);
        let row = real(row as u64);
        let colour = steps.iter().position(|it| *it == bar.step).unwrap_or(0) % FILLS.len();
        let class = if bar.success { FILLS[colour] } else { "fbad" };
        let (sent, done) = (real(bar.sent) / 1e3, real(bar.done) / 1e3);
        let title = format!("{} {:.2} ms", bar.step, done - sent);
        plot.area(&format!("class={class}"), (sent, row + 0.1), (done, row + 0.9), &title);
    }
    let names: Vec<_> =
        steps.iter().enumerate().map(|(place, step)| (FILLS[place % FILLS.len()], *step)).collect();
    plot.legend(&names);
    plot.labels(|ms| if ms >= 1000.0 { format!("{:.1} s", ms / 1e3) } else { format!("{ms} ms") });
    plot.figure("The first burst <small>a row for each user; a queue shows as a staircase</small>")
}
