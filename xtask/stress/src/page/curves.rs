//! The ladder: throughput and latency against users, with the knee.

use report::{Html, Plot, Scale, around, escape, time};

use crate::ladder::Ladder;
use crate::statistics::real;
use crate::table;

pub(super) fn ladder(ladder: &Ladder, limit: Option<f64>) -> Html {
    let figures = [throughput(ladder), latency(ladder, limit), stick(ladder, limit)].concat();
    let say = escape(&table::knee(ladder));
    format!(
        "<section><h2>Ladder: {}</h2><p>{say}</p><div class=figures>{figures}</div></section>",
        escape(&ladder.scenario)
    )
}

fn users(ladder: &Ladder) -> Scale {
    let all = ladder.rungs.iter().map(|it| real(it.users as u64));
    let (low, high) =
        all.fold((f64::INFINITY, 2.0), |(low, high): (f64, f64), it| (low.min(it), high.max(it)));
    Scale::Log(low.min(1.0), high)
}

fn mark_users(plot: &mut Plot, ladder: &Ladder) {
    for rung in &ladder.rungs {
        // The label of 10 would overlap that of 8.
        if rung.users != 10 {
            plot.label(real(rung.users as u64), &rung.users.to_string());
        }
    }
}

fn throughput(ladder: &Ladder) -> Html {
    let most = ladder.rungs.iter().map(|it| it.rate).fold(1.0, f64::max);
    let mut plot =
        Plot::new(users(ladder), Scale::Linear(0.0, most * 1.15), |it| format!("{it:.0}"));
    mark_users(&mut plot, ladder);
    let top = ladder.rungs.last().map_or(1, |it| it.users);
    let asymptote = (1..=top).filter_map(|it| Some((real(it as u64), ladder.asymptote(it)?)));
    plot.line("dash soft", asymptote);
    plot.line("s0", ladder.rungs.iter().map(|it| (real(it.users as u64), it.rate)));
    for it in &ladder.rungs {
        plot.dot(
            if it.valid { "f0" } else { "fvoid" },
            real(it.users as u64),
            it.rate,
            &format!("{} users: {:.0}/s", it.users, it.rate),
        );
    }
    if let Some(knee) = ladder.knee().filter(|_| ladder.is_past_knee()) {
        let (x, y) = (plot.x(real(knee.users as u64)), plot.y(knee.rate));
        plot.put(&format!("<circle cx={x:.1} cy={y:.1} r=9 class='l s1'/>"));
        plot.text(x, y - 14.0, "middle", "knee");
    }
    plot.figure("Throughput <small>successes a second by users; dashed: the bounds</small>")
}

fn latency(ladder: &Ladder, limit: Option<f64>) -> Html {
    let values = ladder.rungs.iter().flat_map(|it| [it.p50, it.p99]).chain(limit);
    let (low, high) = around(values);
    let mut plot = Plot::new(users(ladder), Scale::Log(low, high), time);
    mark_users(&mut plot, ladder);
    for (class, pick) in [("s2", 0), ("s0", 1), ("s3", 2)] {
        plot.line(
            class,
            ladder.rungs.iter().map(|it| (real(it.users as u64), [it.p50, it.p95, it.p99][pick])),
        );
    }
    if let Some(limit) = limit {
        plot.level("limit", limit, "objective");
    }
    plot.legend(&[("f2", "p50"), ("f0", "p95"), ("f3", "p99")]);
    plot.figure("Response time <small>by users</small>")
}

/// Latency against throughput, which bends where the capacity ends.
fn stick(ladder: &Ladder, limit: Option<f64>) -> Html {
    let most = ladder.rungs.iter().map(|it| it.rate).fold(1.0, f64::max);
    let (low, high) = around(ladder.rungs.iter().map(|it| it.p95).chain(limit));
    let mut plot = Plot::new(Scale::Linear(0.0, most * 1.1), Scale::Log(low, high), time);
    plot.labels(|it| format!("{it:.0}/s"));
    plot.line("s0", ladder.rungs.iter().map(|it| (it.rate, it.p95)));
    for it in &ladder.rungs {
        plot.dot("f0", it.rate, it.p95, &format!("{} users", it.users));
        let (x, y) = (plot.x(it.rate), plot.y(it.p95));
        plot.text(x + 6.0, y + 4.0, "start", &it.users.to_string());
    }
    if let Some(limit) = limit {
        plot.level("limit", limit, "objective");
    }
    plot.figure("p95 against throughput <small>numbers are users</small>")
}
