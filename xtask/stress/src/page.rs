//! A run as one HTML file.

mod cdf;
mod curves;
mod heat;
mod percentiles;
mod timeline;

use report::{Html, Scale, around, badge, bars, escape, facts, interval, page, table};

use crate::exit::Exit;
use crate::finding::Check;
use crate::load::Model;
use crate::objective::{Metric, Objective, Verdict, show_micros};
use crate::processors::Cores;
use crate::record::{Run, Section};
use crate::statistics::real;
use crate::table as text;

/// The whole page.
pub(crate) fn html(run: &Run) -> Html {
    let mut body = vec![head(run), judgements(run), promises(run)];
    body.extend(run.ladder.as_ref().map(|it| curves::ladder(it, limit_of(run))));
    for section in &run.sections {
        let shown = load(section);
        body.push(if section.is_rung { folded(&section.name, &shown) } else { shown });
        for attempt in &section.tries {
            let title =
                format!("{}, a try that was disturbed: {}", section.name, text::faults(attempt));
            body.push(folded(&title, &load(attempt)));
        }
    }
    body.push(format!(
        "<footer><h3>Reproduce</h3><pre>{} --seed {}</pre><p>{} cores, {} MiB, Linux {}. Intervals are of 95 % \
         confidence and assume independent requests, which those of one burst are not quite.</p></footer>",
        escape(&run.command),
        run.seed,
        run.machine.cores,
        run.machine.memory_mib,
        escape(&run.machine.kernel)
    ));
    page(&format!("Cardroom under load, {}", run.started), &body)
}

fn folded(title: &str, body: &str) -> Html {
    format!("<details><summary>{}</summary>{body}</details>", escape(title))
}

fn part(title: &str, body: &str) -> Html {
    format!("<section><h2>{}</h2>{body}</section>", escape(title))
}

/// The limit of the time objective that the ladder broke, in microseconds.
fn limit_of(run: &Run) -> Option<f64> {
    let broken = run.ladder.as_ref()?.rungs.iter().find_map(|it| it.broken.clone())?;
    let objective: Objective = broken.parse().ok()?;
    matches!(objective.metric, Metric::Quantile(_)).then_some(objective.limit)
}

fn head(run: &Run) -> Html {
    let (class, word, say) = match run.exit() {
        Exit::Passed => ("good", "Passed", "Every objective was met, and nothing was lost."),
        Exit::Invalid => ("void", "Invalid", "Nothing can be concluded from this run."),
        Exit::Interrupted => {
            ("void", "Interrupted", "Nothing was read back, and nothing is judged.")
        }
        _ => ("bad", "Failed", "An objective was missed, data was lost, or the run ended early."),
    };
    let server = &run.server;
    let all = facts(&[
        ("server", format!("{}, {} build", server.target, server.build)),
        ("database", server.database.clone()),
        ("profile", server.profile.clone()),
        ("commit", run.commit.clone()),
        ("machine", format!("{}, {} cores", run.machine.processor, run.machine.cores)),
        ("started", run.started.clone()),
    ]);
    let fault = run.fault.iter().map(|it| format!("<p class=say>{}", escape(it)));
    format!(
        "<header class={class}><p class=kicker>Cardroom under load</p><h1>{word}</h1><p class=say>{say}</p>{}\
         {all}</header>",
        fault.collect::<String>()
    )
}

/// The verdicts, or what makes the run invalid.
fn judgements(run: &Run) -> Html {
    let row = |section: &str, it: &Check, verdict: Option<bool>| {
        let word = match verdict {
            Some(true) => "pass",
            Some(false) => "fail",
            None => "invalid",
        };
        let name = escape(&format!("{section}: {}", it.name));
        let limit = format!("must be {}", escape(&it.limit));
        vec![badge(verdict, word), name, escape(&it.value), limit]
    };
    let standstills = run.standstills().map(|(name, it)| row(name, it, Some(false)));
    let mut rows: Vec<_> = standstills.collect();
    let invalid: Vec<_> = run.invalid().map(|(name, it)| row(name, it, None)).collect();
    if invalid.is_empty() {
        for section in &run.sections {
            rows.extend(section.verdicts.iter().map(verdict));
            rows.extend(section.claims.iter().map(|it| row(&section.name, it, Some(it.ok))));
        }
    }
    rows.extend(invalid);
    if rows.is_empty() {
        return String::new();
    }
    let columns =
        ["", "objective", "#measured", "95 % interval, and the limit", "#of", "#headroom"];
    part("Judgements", &table(&columns, rows))
}

fn verdict(verdict: &Verdict) -> Vec<Html> {
    let metric = verdict.objective.metric;
    let value = verdict.value.map_or("nothing".to_owned(), |it| metric.show(it));
    let sure = if verdict.certain || verdict.low.is_none() { "" } else { " <i>not certain</i>" };
    vec![
        badge(Some(verdict.pass), if verdict.pass { "pass" } else { "fail" }),
        format!("<code>{}</code>", escape(&verdict.objective.to_string())),
        format!("<b>{value}</b>"),
        format!("{} {}{sure}", range(verdict), escape(&text::interval(verdict))),
        verdict.samples.to_string(),
        verdict.headroom().map_or(String::new(), |it| format!("{it:.1}x")),
    ]
}

/// The interval and the limit of a verdict as a drawing.
fn range(verdict: &Verdict) -> Html {
    let limit = verdict.objective.limit;
    let Some(value) = verdict.value else { return String::new() };
    let (low, high) = (verdict.low.unwrap_or(value), verdict.high.unwrap_or(value));
    let scale = if verdict.objective.metric == Metric::Success {
        Scale::Linear(limit.min(low) - 0.02, 1.005)
    } else {
        let (low, high) = around([low, high, limit]);
        Scale::Log(low, high)
    };
    interval(scale, [low, value, high], limit, verdict.pass)
}

fn promises(run: &Run) -> Html {
    if run.findings.is_empty() {
        return String::new();
    }
    let card = |it: &crate::finding::Finding| {
        let (class, number) = if it.holds() { ("good", it.checked) } else { ("bad", it.faults) };
        let lost = if it.holds() {
            String::new()
        } else {
            format!("<b>lost or wrong</b>, of {} ", it.checked)
        };
        let examples = preformatted(&it.examples);
        format!(
            "<div class='card {class}'><strong>{number}</strong><span>{lost}{}</span>{examples}</div>",
            escape(&it.about)
        )
    };
    let cards: String = run.findings.iter().map(card).collect();
    part("Read back", &format!("<p>What the server acknowledged.<div class=cards>{cards}</div>"))
}

fn load(section: &Section) -> Html {
    let over_time = match section.model {
        Model::Burst => timeline::figure(section),
        _ => heat::figure(section),
    };
    let figures = [percentiles::figure(section), over_time, cdf::figure(section), waits(section)];
    let check = |it: &Check| {
        let class = if it.ok { "ok" } else { "bad" };
        let Check { name, value, limit, .. } = it;
        format!("<li class={class}>{name} <b>{value}</b> <small>{}</small>", escape(limit))
    };
    let checks: String = section.checks.iter().chain(&section.standstill).map(check).collect();
    let body = format!(
        "<p>{}</p>{}<div class=figures>{}</div>{}<ul class=checks>{checks}</ul>",
        escape(&section.load()),
        steps(section),
        figures.concat(),
        cores(section),
    );
    part(&section.name, &body)
}

fn steps(section: &Section) -> Html {
    let columns =
        ["step", "#ok", "#rate", "#p50", "#p90", "#p95", "#p99", "#max", "#refused", "#failed"];
    let bad = |count: u64| if count > 0 { format!("<b class=bad>{count}</b>") } else { "0".into() };
    let rows = section.recording.steps.iter().map(|(step, tally)| {
        let at =
            |q| tally.response.quantile(q).map_or("–".to_owned(), |it| show_micros(real(it)));
        let rate = format!("{:.0}/s", section.recording.rate(step));
        let mut row = vec![escape(step), tally.successes().to_string(), rate];
        row.extend([0.5, 0.9, 0.95, 0.99, 1.0].map(at));
        row.extend([bad(tally.refusals()), bad(tally.failed)]);
        row
    });
    let messages = section.recording.steps.values().flat_map(|it| &it.messages);
    table(&columns, rows) + &preformatted(messages)
}

fn preformatted<'a>(texts: impl IntoIterator<Item = &'a String>) -> Html {
    let all = texts.into_iter().map(|it| ["<pre>", &escape(it), "</pre>"].concat());
    all.collect()
}

/// The times of the server's own stages.
fn waits(section: &Section) -> Html {
    let mut all: Vec<_> = section.cost.waits.iter().filter(|it| it.mean_us >= 1.0).collect();
    all.sort_by(|one, other| other.mean_us.total_cmp(&one.mean_us));
    let Some(longest) = all.first().map(|it| it.mean_us) else { return String::new() };
    let rows = all.iter().take(8).map(|it| {
        let width = it.mean_us / longest * 100.0;
        vec![
            format!("{} <small>{}</small>", it.stage, escape(&it.labels)),
            format!("<div class=bar><i style='width:{width:.1}%'></i></div>"),
            show_micros(it.mean_us),
            it.count.to_string(),
        ]
    });
    let rows = table(&["stage", "", "#mean", "#times"], rows);
    format!("<figure><figcaption>The server's own stages</figcaption>{rows}</figure>")
}

fn cores(section: &Section) -> Html {
    let Some(Cores { server, database, ours, others, .. }) = section.cost.cores else {
        return String::new();
    };
    let parts =
        [("server", server), ("database", database), ("load tool", ours), ("others", others)];
    bars("cores", &parts.map(|(name, cores)| (name, cores, format!("{cores:.2}"))))
}
