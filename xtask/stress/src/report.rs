//! A run as one HTML file: no network, no scripts, light and dark.

mod cdf;
mod curves;
mod heat;
mod percentiles;
mod plot;
mod timeline;

use std::fmt::Write as _;

use crate::engine::Model;
use crate::exit::Exit;
use crate::objective::{Verdict, show_micros};
use crate::processors::Cores;
use crate::record::{Run, Section};
use crate::statistics::real;
use crate::table;
use crate::validity::Check;

const STYLE: &str = include_str!("report/style.css");

/// The whole page.
pub(crate) fn html(run: &Run) -> String {
    let mut page = String::new();
    let title = format!("Cardroom under load, {}", run.started);
    put(
        &mut page,
        &format!(
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'><title>{title}</title><style>{STYLE}</style><main>"
        ),
    );
    head(&mut page, run);
    verdicts(&mut page, run);
    promises(&mut page, run);
    if let Some(ladder) = &run.ladder {
        put(&mut page, &curves::ladder(ladder, limit_of(run)));
    }
    for section in &run.sections {
        let is_rung = section.is_rung;
        if is_rung {
            put(&mut page, &format!("<details><summary>{}</summary>", escape(&section.name)));
        }
        load(&mut page, section);
        put(&mut page, if is_rung { "</details>" } else { "" });
    }
    let command = escape(&run.command);
    put(
        &mut page,
        &format!(
            "<footer><h3>Reproduce</h3><pre>{command} --seed {}</pre><p>{} cores, {} GiB, Linux {}. Intervals hold the truth with 95 % confidence, if requests are independent; those of one burst are not quite.</p></footer></main></html>",
            run.seed,
            run.machine.cores,
            run.machine.memory_gib,
            escape(&run.machine.kernel)
        ),
    );
    page
}

fn put(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

/// Text that may stand between tags and in attributes.
pub(crate) fn escape(text: &str) -> String {
    let pairs = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The limit of the first time objective of a ladder's scenario, which its curve shows, in microseconds.
fn limit_of(run: &Run) -> Option<f64> {
    let broken = run.ladder.as_ref()?.rungs.iter().find_map(|it| it.broken.clone())?;
    let objective: crate::objective::Objective = broken.parse().ok()?;
    matches!(objective.metric, crate::objective::Metric::Quantile(_)).then_some(objective.limit)
}

fn head(page: &mut String, run: &Run) {
    let (class, word, say) = match run.exit() {
        Exit::Passed if run.sections.iter().all(|it| it.verdicts.is_empty()) => {
            ("good", "Measured", "Every promise was kept; nothing else was asked.")
        }
        Exit::Passed => ("good", "Passed", "Every objective was met, and every promise kept."),
        Exit::Invalid => ("void", "Invalid", "Nothing can be concluded from this run."),
        Exit::Interrupted => (
            "void",
            "Interrupted",
            "It was ended early; nothing was read back, and nothing judged.",
        ),
        _ => ("bad", "Failed", "An objective was missed, or data was lost."),
    };
    let server = &run.server;
    let facts = [
        ("server", format!("{}, {} build", server.target, server.build)),
        ("database", server.database.clone()),
        ("profile", server.profile.clone()),
        ("commit", run.commit.clone()),
        ("machine", format!("{}, {} cores", run.machine.processor, run.machine.cores)),
        ("started", run.started.clone()),
    ];
    let facts = facts.iter().fold(String::new(), |mut all, (name, value)| {
        let _ = write!(all, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(value));
        all
    });
    put(
        page,
        &format!(
            "<header class={class}><p class=kicker>Cardroom under load</p><h1>{word}</h1><p class=say>{say}</p><dl>{facts}</dl></header>"
        ),
    );
}

fn verdicts(page: &mut String, run: &Run) {
    let invalid: Vec<_> = run.invalid().collect();
    if !invalid.is_empty() {
        let rows = invalid.iter().fold(String::new(), |mut all, (section, check)| {
            let Check { name, value, limit, .. } = check;
            let _ = write!(all, "<tr><td><b class='badge void'>invalid</b><td>{section}: {name}<td class=n>{value}<td>must be {}", escape(limit));
            all
        });
        put(
            page,
            &format!(
                "<section><h2>Why nothing can be concluded</h2><table>{rows}</table></section>"
            ),
        );
        return;
    }
    let mut rows = String::new();
    for section in &run.sections {
        section.verdicts.iter().for_each(|it| rows.push_str(&verdict(it)));
        for claim in &section.claims {
            let (class, word) = badge(claim.ok);
            let Check { name, value, limit, .. } = claim;
            let _ = write!(
                rows,
                "<tr><td><b class='badge {class}'>{word}</b><td>{}<td class=n>{}<td colspan=2>must be {}<td>",
                escape(name),
                escape(value),
                escape(limit)
            );
        }
    }
    if !rows.is_empty() {
        put(
            page,
            &format!(
                "<section><h2>Objectives</h2><table><thead><tr><th><th>objective<th class=n>measured<th>95 % interval, and the limit<th class=n>of<th class=n>headroom<tbody>{rows}</table></section>"
            ),
        );
    }
}

fn badge(ok: bool) -> (&'static str, &'static str) {
    if ok { ("good", "pass") } else { ("bad", "fail") }
}

fn verdict(verdict: &Verdict) -> String {
    let (class, word) = badge(verdict.pass);
    let metric = verdict.objective.metric;
    let value = verdict.value.map_or("nothing".to_owned(), |it| metric.show(it));
    let headroom = verdict.headroom().map_or(String::new(), |it| format!("{it:.1}x"));
    let sure = if verdict.certain || verdict.low.is_none() { "" } else { " <i>not certain</i>" };
    format!(
        "<tr><td><b class='badge {class}'>{word}</b><td><code>{}</code><td class=n><b>{value}</b><td class=interval>{} {}{sure}<td class=n>{}<td class=n>{headroom}",
        escape(&verdict.objective.to_string()),
        plot::range(verdict),
        escape(&table::interval(verdict)),
        verdict.samples,
    )
}

fn promises(page: &mut String, run: &Run) {
    if run.findings.is_empty() {
        return;
    }
    let cards = run.findings.iter().fold(String::new(), |mut all, it| {
        let (class, number) =
            if it.holds() { ("good", it.checked) } else { ("bad", it.faults) };
        let lost = if it.holds() { String::new() } else { format!("<b>lost or wrong</b>, of {} ", it.checked) };
        let examples: String = it.examples.iter().map(|it| ["<pre>", &escape(it), "</pre>"].concat()).collect();
        let _ = write!(all, "<div class='card {class}'><strong>{number}</strong><span>{lost}{}</span>{examples}</div>", escape(&it.about));
        all
    });
    put(
        page,
        &format!(
            "<section><h2>Promises kept</h2><p>What the server acknowledged under load, read back afterwards.</p><div class=cards>{cards}</div></section>"
        ),
    );
}

fn load(page: &mut String, section: &Section) {
    put(
        page,
        &format!("<section><h2>{}</h2><p>{}</p>", escape(&section.name), escape(&section.load())),
    );
    steps(page, section);
    let mut figures = vec![percentiles::figure(section)];
    if section.model == Model::Burst {
        figures.push(timeline::figure(section));
    } else {
        figures.push(heat::figure(section));
    }
    figures.push(cdf::figure(section));
    figures.push(waits(section));
    put(page, &format!("<div class=figures>{}</div>", figures.concat()));
    put(page, &cores(section));
    let checks = section.checks.iter().fold(String::new(), |mut all, it| {
        let class = if it.ok { "ok" } else { "bad" };
        let _ = write!(
            all,
            "<li class={class}>{} <b>{}</b> <small>{}</small>",
            it.name,
            it.value,
            escape(&it.limit)
        );
        all
    });
    put(page, &format!("<ul class=checks>{checks}</ul></section>"));
}

fn steps(page: &mut String, section: &Section) {
    let mut rows = String::new();
    for (step, tally) in &section.recording.steps {
        let at =
            |q| tally.response.quantile(q).map_or("–".to_owned(), |it| show_micros(real(it)));
        let bad =
            |count: u64| if count > 0 { format!("<b class=bad>{count}</b>") } else { "0".into() };
        let _ = write!(
            rows,
            "<tr><td>{step}<td class=n>{}<td class=n>{:.0}/s",
            tally.successes(),
            section.recording.rate(step)
        );
        for q in [0.5, 0.9, 0.95, 0.99, 1.0] {
            let _ = write!(rows, "<td class=n>{}", at(q));
        }
        let _ =
            write!(rows, "<td class=n>{}<td class=n>{}", bad(tally.refusals()), bad(tally.failed));
        for message in &tally.messages {
            let _ = write!(rows, "<tr><td><td colspan=9><pre>{}</pre>", escape(message));
        }
    }
    put(
        page,
        &format!(
            "<table><thead><tr><th>step<th class=n>ok<th class=n>rate<th class=n>p50<th class=n>p90<th class=n>p95<th class=n>p99<th class=n>max<th class=n>refused<th class=n>failed<tbody>{rows}</table>"
        ),
    );
}

/// Where the server says that time went.
fn waits(section: &Section) -> String {
    let mut all: Vec<_> = section.cost.waits.iter().filter(|it| it.mean_us >= 1.0).collect();
    all.sort_by(|one, other| other.mean_us.total_cmp(&one.mean_us));
    let longest = all.first().map_or(1.0, |it| it.mean_us);
    let rows = all.iter().take(8).fold(String::new(), |mut rows, it| {
        let (width, labels) = (it.mean_us / longest * 100.0, escape(&it.labels));
        let _ = write!(rows, "<tr><td>{} <small>{labels}</small><td class=bar><i style='width:{width:.1}%'></i><td class=n>{}<td class=n>{}", it.stage, show_micros(it.mean_us), it.count);
        rows
    });
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "<figure><figcaption>By the server's own account <small>mean, and how often</small></figcaption><table class=waits>{rows}</table></figure>"
    )
}

fn cores(section: &Section) -> String {
    let Some(Cores { server, database, ours, others, .. }) = section.cost.cores else {
        return String::new();
    };
    let parts =
        [("server", server), ("database", database), ("load tool", ours), ("others", others)];
    let bars = parts.iter().enumerate().filter(|(_, (_, cores))| *cores >= 0.005);
    let bars = bars.fold(String::new(), |mut bars, (place, (name, cores))| {
        let _ = write!(bars, "<i class=s{place} style='flex:{cores:.3}' title='{name}'><span>{name} {cores:.2}</span></i>");
        bars
    });
    format!("<div class=cores><small>cores</small>{bars}</div>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<b a='1'>&"), "&lt;b a=&#39;1&#39;&gt;&amp;");
    }
}
