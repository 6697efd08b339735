//! The result of a run as text.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use crate::exit::Exit;
use crate::finding::Check;
use crate::ladder::Ladder;
use crate::objective::{Verdict, show_micros};
use crate::processors::Cores;
use crate::record::{Run, Section};
use crate::statistics::real;
use crate::tally::Tally;

/// Colours, on a terminal.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn good(self, text: &str) -> String {
        self.wrap(text, "32;1")
    }

    fn bad(self, text: &str) -> String {
        self.wrap(text, "31;1")
    }

    fn dim(self, text: &str) -> String {
        self.wrap(text, "2")
    }

    fn wrap(self, text: &str, code: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn judged(self, ok: bool) -> String {
        if ok { self.good("PASS") } else { self.bad("FAIL") }
    }
}

/// The whole run.
pub(crate) fn render(run: &Run) -> String {
    let paint = Paint(std::io::stdout().is_terminal());
    let mut text = String::new();
    head(&mut text, run);
    for section in run.sections.iter().filter(|it| !it.is_rung) {
        load(&mut text, section, paint);
    }
    if let Some(ladder) = &run.ladder {
        rungs(&mut text, ladder);
        run.sections.iter().filter(|it| it.is_rung).for_each(|it| tries(&mut text, it, paint));
    }
    promises(&mut text, run, paint);
    verdicts(&mut text, run, paint);
    text
}

fn line(text: &mut String, name: &str, rest: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, " {name:<10} {rest}");
}

fn head(text: &mut String, run: &Run) {
    let server = &run.server;
    let started = server.started_ms.map_or(String::new(), |ms| format!(", up in {ms:.0} ms"));
    let about = format!(
        "{}, {} build, {}, profile {}{started}",
        server.target, server.build, server.database, server.profile
    );
    line(text, "target", &about);
    server.settings.iter().for_each(|it| line(text, "set", it));
    let machine = format!(
        "{}, {} cores; commit {}; seed {}",
        run.machine.processor, run.machine.cores, run.commit, run.seed
    );
    line(text, "machine", &machine);
}

fn load(text: &mut String, section: &Section, paint: Paint) {
    let _ = writeln!(text);
    line(text, &section.name, &section.load());
    for (step, tally) in &section.recording.steps {
        steps(text, section, step, tally, paint);
    }
    let mut checks: Vec<_> = section.checks.iter().map(|it| shown(it, paint)).collect();
    checks.extend(section.standstill.iter().map(|it| shown(it, paint)));
    line(text, "  valid", &checks.join(" · "));
    tries(text, section, paint);
    if let Some(Cores { server, database, ours, .. }) = section.cost.cores {
        let database =
            if database > 0.0 { format!(", database {database:.2}") } else { String::new() };
        let cores = format!("server {server:.2}{database}, load tool {ours:.2}");
        line(text, "  cores", &cores);
    }
    line(text, "  waits", &waits(section));
}

fn steps(text: &mut String, section: &Section, step: &str, tally: &Tally, paint: Paint) {
    let at = |q| tally.response.quantile(q).map_or("-".to_owned(), |it| show_micros(real(it)));
    let not = |count: u64, what: &str| (count > 0).then(|| paint.bad(&format!("  {count} {what}")));
    let rest = format!(
        "{:>7} ok {:>8.0}/s   p50 {:>8}  p95 {:>8}  p99 {:>8}  max {:>8}{}{}",
        tally.successes(),
        section.recording.rate(step),
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0),
        not(tally.refusals(), "refused").unwrap_or_default(),
        not(tally.failed, "failed").unwrap_or_default(),
    );
    line(text, &format!("  {step}"), &rest);
    for message in &tally.messages {
        line(text, "", &paint.bad(message));
    }
}

/// Earlier tries, with what disturbed them and with their figures.
fn tries(text: &mut String, section: &Section, paint: Paint) {
    for (number, attempt) in section.tries.iter().enumerate() {
        let number = number + 1;
        line(
            text,
            "  try",
            &format!("{number} of {} was disturbed: {}", attempt.name, faults(attempt)),
        );
        for (step, tally) in &attempt.recording.steps {
            steps(text, attempt, step, tally, paint);
        }
    }
}

/// The faults of a try.
pub(crate) fn faults(section: &Section) -> String {
    let checks = section.checks.iter().chain(&section.standstill).filter(|it| !it.ok);
    checks.map(|it| format!("{} {}", it.name, it.fault())).collect::<Vec<_>>().join(", ")
}

fn shown(check: &Check, paint: Paint) -> String {
    let words = format!("{} {}", check.name, check.value);
    if check.ok { words } else { paint.bad(&format!("{words} (must be {})", check.limit)) }
}

/// The server's own stages, longest first.
fn waits(section: &Section) -> String {
    let mut all: Vec<_> = section.cost.waits.iter().filter(|it| it.stage != "request").collect();
    all.sort_by(|one, other| other.mean_us.total_cmp(&one.mean_us));
    let shown = all.iter().take(4).map(|wait| {
        let label = wait.labels.split_once('=').map_or(String::new(), |it| format!(" {}", it.1));
        format!("{}{label} {}", wait.stage, show_micros(wait.mean_us))
    });
    shown.collect::<Vec<_>>().join(" · ")
}

fn rungs(text: &mut String, ladder: &Ladder) {
    let _ =
        writeln!(text, "\n   users      X/s      mean       p50       p95       p99  server  tool");
    for it in &ladder.rungs {
        let note = match (&it.broken, it.valid, ladder.knee()) {
            (_, false, _) => "invalid: the tool was the limit".to_owned(),
            (Some(broken), ..) => format!("broke {broken}"),
            (_, _, Some(knee)) if knee.users == it.users => "knee".to_owned(),
            _ => String::new(),
        };
        let times = [it.mean, it.p50, it.p95, it.p99].map(show_micros);
        let _ = writeln!(
            text,
            "  {:>6} {:>8.0}  {:>8}  {:>8}  {:>8}  {:>8}  {:>5.2}c  {:>3.0}%  {note}",
            it.users,
            it.rate,
            times[0],
            times[1],
            times[2],
            times[3],
            it.server_cores.unwrap_or(f64::NAN),
            it.generator_cpu * 100.0,
        );
    }
    let _ = writeln!(text, "  {}", knee(ladder));
}

/// The knee in a sentence.
pub(crate) fn knee(ladder: &Ladder) -> String {
    let Some(knee) = ladder.knee() else { return "no rung was valid".to_owned() };
    let step = &ladder.step;
    let mut words = if ladder.is_past_knee() {
        format!("knee at {} users: {:.0} {step}s/s, more users only wait", knee.users, knee.rate)
    } else {
        format!("still climbing at {} users: {:.0} {step}s/s", knee.users, knee.rate)
    };
    if let Some((best, users)) = ladder.bounds() {
        let _ = write!(words, "; bounds {best:.0}/s at N* = {users:.1}");
    }
    if let (Some(broken), Some(usable)) = (ladder.broken(), ladder.usable()) {
        let objective = broken.broken.as_deref().unwrap_or_default();
        let _ = write!(
            words,
            "; `{objective}` holds up to {} users and breaks at {}",
            usable.users, broken.users
        );
    }
    words
}

fn promises(text: &mut String, run: &Run, paint: Paint) {
    if !run.findings.is_empty() {
        let _ = writeln!(text);
    }
    for finding in &run.findings {
        let words = format!("{} {}", finding.checked, finding.about);
        if finding.holds() {
            line(text, "kept", &words);
        } else {
            line(text, "LOST", &paint.bad(&format!("{} of {words}", finding.faults)));
            finding.examples.iter().for_each(|it| line(text, "", &paint.bad(it)));
        }
    }
}

fn verdicts(text: &mut String, run: &Run, paint: Paint) {
    let _ = writeln!(text);
    if run.is_interrupted {
        let word = paint.bad("INTERRUPTED");
        let _ = writeln!(text, " {word}: nothing was read back, and nothing is judged");
        return;
    }
    if let Some(fault) = &run.fault {
        let _ = writeln!(text, " {}: {fault}", paint.bad("ENDED EARLY"));
    }
    for (section, check) in run.standstills() {
        let judged = paint.judged(false);
        let _ = writeln!(text, " {judged}  {section}: {} {}", check.name, check.fault());
    }
    if run.exit() == Exit::Invalid {
        let _ = writeln!(text, " {}: nothing can be concluded from this run", paint.bad("INVALID"));
        for (section, check) in run.invalid() {
            let _ = writeln!(text, "   {section}: {} {}", check.name, check.fault());
        }
        for section in &run.sections {
            for Check { name, value, .. } in &section.claims {
                let _ = writeln!(text, " not judged  {}: {name} {value}", section.name);
            }
        }
        return;
    }
    let invalid = run.invalid().next().is_some();
    for section in run.sections.iter().filter(|_| !invalid) {
        section.verdicts.iter().for_each(|it| verdict(text, it, paint));
        for claim in &section.claims {
            let judged = paint.judged(claim.ok);
            let _ = writeln!(text, " {judged}  {}: {} {}", section.name, claim.name, claim.fault());
        }
    }
    let lost = run.findings.iter().any(|it| !it.holds());
    if lost {
        let _ = writeln!(
            text,
            " {}  data was lost or is not what was acknowledged",
            paint.judged(false)
        );
    }
}

fn verdict(text: &mut String, verdict: &Verdict, paint: Paint) {
    let Verdict { objective, value, samples, .. } = verdict;
    let value = value.map_or("nothing measured".to_owned(), |it| objective.metric.show(it));
    let headroom = verdict.headroom().map_or(String::new(), |it| format!("   {it:.1}x"));
    let sure = if verdict.certain || verdict.low.is_none() { "" } else { "   not certain" };
    let rest = format!("{} of {samples}{headroom}{sure}", interval(verdict));
    let judged = paint.judged(verdict.pass);
    let _ =
        writeln!(text, " {judged}  {:<28} {value:>9}  {}", objective.to_string(), paint.dim(&rest));
}

/// The 95 % confidence interval.
pub(crate) fn interval(verdict: &Verdict) -> String {
    let show = |end: Option<f64>| end.map(|it| verdict.objective.metric.show(it));
    match (show(verdict.low), show(verdict.high)) {
        (None, None) => String::new(),
        (low, high) => {
            let (low, high) =
                (low.unwrap_or("?".to_owned()), high.unwrap_or("beyond max".to_owned()));
            format!("[{low}, {high}]")
        }
    }
}
