//! Two programs in turn, A B, B A, A B …, so that both meet the same drift of the machine.
//!
//! The difference within each pair is judged, by Student's t on its logarithm.

use std::future::pending;

use anyhow::{Context as _, Result, bail, ensure};

use crate::arguments::{AbArguments, RunArguments};
use crate::exit::Exit;
use crate::finding::Finding;
use crate::record::Run;
use crate::session;
use crate::slo::Slo;
use crate::spawn;
use crate::statistics::{mean_interval, real};

/// A change below this counts as none, however certain.
const FLOOR: f64 = 0.05;

/// The result of one run.
#[derive(Clone, Copy, Debug)]
struct Figures {
    /// Successes a second.
    rate: f64,
    /// In microseconds.
    p95: f64,
}

pub(crate) async fn run(arguments: &AbArguments) -> Result<Exit> {
    let slo = Slo::read(&arguments.run.slo)?;
    ensure!(arguments.pairs >= 3, "at least 3 pairs are needed");
    let mut pairs = Vec::new();
    for number in 0..arguments.pairs {
        let (a, b);
        if number % 2 == 0 {
            a = once(arguments, &slo, true).await?;
            b = once(arguments, &slo, false).await?;
        } else {
            b = once(arguments, &slo, false).await?;
            a = once(arguments, &slo, true).await?;
        }
        println!(
            "  pair {:>2}  {:>8.0}/s -> {:>8.0}/s   p95 {:>7.2} -> {:>7.2} ms",
            number + 1,
            a.rate,
            b.rate,
            a.p95 / 1e3,
            b.p95 / 1e3
        );
        pairs.push((a, b));
    }
    let rate = change("rate", pairs.iter().map(|(a, b)| b.rate / a.rate), false);
    let p95 = change("p95", pairs.iter().map(|(a, b)| b.p95 / a.p95), true);
    println!("{}\n{}", rate.1, p95.1);
    Ok(if rate.0 || p95.0 { Exit::Regressed } else { Exit::Passed })
}

/// A change in words, and whether it is a regression.
fn change(name: &str, ratios: impl Iterator<Item = f64>, more_is_worse: bool) -> (bool, String) {
    let logarithms: Vec<f64> = ratios.map(f64::ln).collect();
    let (mean, half) = mean_interval(&logarithms);
    let [value, low, high] = [mean, mean - half, mean + half].map(|it| (it.exp() - 1.0) * 100.0);
    let certain = low > 0.0 || high < 0.0;
    let large = value.abs() > FLOOR * 100.0;
    let worse = certain && large && (value > 0.0) == more_is_worse;
    let word = match (certain && large, worse) {
        (false, _) => "unchanged",
        (true, true) => "WORSE",
        (true, false) => "better",
    };
    (worse, format!("  {name:<5} {value:+.1} % [{low:+.1}, {high:+.1}]  {word}"))
}

/// One run of one program, on a database of its own.
async fn once(arguments: &AbArguments, slo: &Slo, before: bool) -> Result<Figures> {
    let (program, suffix) =
        if before { (&arguments.before, "a") } else { (&arguments.run.server, "b") };
    let program = program.as_deref().context("call it as `cargo xtask stress ab`")?;
    let mut own: RunArguments = arguments.run.clone();
    own.database_url = match own.database_url {
        // Each program migrates its own file.
        Some(url) if url.starts_with("sqlite:") => Some(format!("{url}.{suffix}")),
        other => other,
    };
    let spawned = spawn::spawn(&own, program)?;
    let process = spawned.process.context("not spawned")?;
    let pid = Some(process.pid());
    let run = session::run(&own, slo, spawned.target, spawned.server, pid, pending()).await?;
    process.stop().await?;
    figures(&run)
}

fn figures(run: &Run) -> Result<Figures> {
    if let Some((section, check)) = run.invalid().next() {
        bail!("{section}: {} is {}, must be {}", check.name, check.value, check.limit);
    }
    ensure!(run.findings.iter().all(Finding::holds), "data was lost");
    let section = run.sections.first().context("nothing was run")?;
    let step = crate::scenario::by_name(&section.scenario).context("no such scenario")?.step;
    let tally = section.recording.steps.get(step).context("nothing was measured")?;
    let p95 = real(tally.response.quantile(0.95).context("nothing succeeded")?);
    Ok(Figures { rate: section.recording.rate(step), p95 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ratios: &[f64], more_is_worse: bool, worse: bool) {
        let (found, words) = change("p95", ratios.iter().copied(), more_is_worse);
        assert_eq!(found, worse, "{words}");
    }

    #[test]
    fn a_change_is_one_when_all_pairs_agree() {
        check(&[1.20, 1.22, 1.19, 1.21], true, true);
        check(&[1.20, 1.22, 1.19, 1.21], false, false);
        check(&[0.80, 0.82, 0.79, 0.81], false, true);
    }

    #[test]
    fn noise_and_trifles_are_no_change() {
        check(&[1.5, 0.7, 1.4, 0.8], true, false);
        check(&[1.01, 1.01, 1.01, 1.011], true, false);
    }
}
