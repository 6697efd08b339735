//! `tune report`: a profile as one HTML file: no network, no scripts, light and dark.

mod plot;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use settings::Profile as Env;

use crate::calibration::{Calibration, Operation};
use crate::history::{self, Entry};
use crate::profile::Profile;
use crate::solve::{Capacity, Solution};
use crate::target::Target;

const STYLE: &str = include_str!("../../stress/src/report/style.css");

pub(crate) fn write(env: Env, file: &Path) -> Result<()> {
    let profile = Profile::read(env)?;
    let target = profile.target()?;
    let calibration = profile.file.data.calibration.as_ref();
    let calibration = calibration.context("the profile is not tuned: tune --write comes first")?;
    let solution = profile.solve(&target, calibration)?;
    let all = history::read()?;
    let mine: Vec<_> = all.into_iter().filter(|it| it.database == calibration.database).collect();
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, page(env, &target, calibration, &solution, &mine))?;
    println!("wrote {}", file.display());
    Ok(())
}

fn page(
    env: Env,
    target: &Target,
    calibration: &Calibration,
    solution: &Solution,
    history: &[Entry],
) -> String {
    let parts = [
        head(env, target, calibration, solution),
        numbers(solution),
        operation("save", &calibration.save, &solution.predicted.save, calibration),
        operation("join", &calibration.join, &solution.predicted.join, calibration),
        operation("read", &calibration.read, &solution.predicted.read, calibration),
        record(history),
    ];
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport \
         content='width=device-width,initial-scale=1'><title>Cardroom, {env}: what it carries, and why\
         </title><style>{STYLE}</style><main>{}</main></html>\n",
        parts.concat()
    )
}

/// Text that may stand between tags and in attributes.
fn escape(text: &str) -> String {
    let pairs = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn head(env: Env, target: &Target, calibration: &Calibration, solution: &Solution) -> String {
    let (class, word) =
        if solution.faults.is_empty() { ("good", "It fits") } else { ("bad", "It does not fit") };
    let faults = solution.faults.iter().map(|it| {
        let ways = it.ways_out.iter().map(|way| format!("<li>{}", escape(way))).collect::<Vec<_>>();
        format!("<p class=say>{}</p><ul>{}</ul>", escape(&it.what), ways.concat())
    });
    let save = &solution.predicted.save;
    let facts = [
        ("profile", env.to_string()),
        ("for", format!("{} cores, {}", target.cores, target.database.kind())),
        ("saves there", format!("{:.0}/s", save.target)),
        ("bottleneck", save.bottleneck.clone()),
        ("measured on", format!("{}, {} cores", calibration.machine, calibration.cores)),
        ("on", calibration.date.clone()),
        ("commit", calibration.commit.clone()),
    ];
    let facts =
        facts.map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value)));
    format!(
        "<header class={class}><p class=kicker>Cardroom, tuned</p><h1>{word}</h1>{}<dl>{}</dl></header>",
        faults.collect::<String>(),
        facts.concat()
    )
}

fn numbers(solution: &Solution) -> String {
    let rows = solution.numbers.iter().map(|it| {
        let (key, value, why) = (it.key, it.value, escape(&it.why));
        format!("<tr><td><code>{key}</code><td class=n><b>{value}</b><td><small>{why}</small>")
    });
    let rows: String = rows.collect();
    format!("<section><h2>Numbers</h2><table>{rows}</table></section>")
}

/// Demands, the curve and the bursts of one kind of request.
fn operation(
    name: &str,
    it: &Operation,
    predicted: &Capacity,
    calibration: &Calibration,
) -> String {
    let cores = crate::calibration::real(calibration.cores);
    let all = it.server_us + it.database_us + it.generator_us;
    let parts = [
        ("server", "s0", it.server_us),
        ("database", "s1", it.database_us),
        ("load tool", "s2", it.generator_us),
    ];
    let bars = parts.iter().filter(|(.., us)| *us > 0.0).map(|(name, class, us)| {
        let share = us / all * 100.0;
        format!("<i class={class} style='flex:{share:.1}'>{name} {us:.0} us</i>")
    });
    let bars: String = bars.collect();
    let Capacity { here, target, bottleneck, model, held_out_percent, .. } = predicted;
    let curve = it.curve().map_or(String::new(), |curve| plot::capacity(&it.levels(), &curve));
    let bursts = if it.people.is_empty() { String::new() } else { plot::bursts(it) };
    format!(
        "<section><h2>{name}</h2><p>{here:.0}/s here, set by {bottleneck}, of {cores} cores; \
         {target:.0}/s on the target. Believed: {model}, {held_out_percent:+.1} % off at the level that \
         it had not seen.</p><div class=cores><small>processor time of one</small>{bars}</div>\
         <div class=figures>{curve}{bursts}</div></section>"
    )
}

fn record(history: &[Entry]) -> String {
    if history.is_empty() {
        return "<section><h2>Predictions</h2><p>None was put to the test yet: cargo xtask tune verify.</p></section>".to_owned();
    }
    let rows = history.iter().rev().take(6).flat_map(|entry| {
        entry.rows.iter().map(move |row| {
            let (class, word) = match row.holds {
                Some(true) => ("badge", "right"),
                Some(false) => ("badge bad", "wrong"),
                None => ("badge void", "told"),
            };
            let error = row.error.map_or(String::new(), |it| format!("{:+.1} %", it * 100.0));
            format!(
                "<tr><td><b class='{class}'>{word}</b><td>{} {}<td>{}<td class=n>{}<td class=n>{}<td class=n>{error}",
                escape(&entry.date),
                escape(&entry.env),
                escape(&row.name),
                escape(&row.predicted),
                escape(&row.measured)
            )
        })
    });
    let rows: String = rows.collect();
    format!(
        "<section><h2>Predictions and measurements</h2><p>{}</p>{}<table><tr><th><th>when<th>what\
         <th class=n>predicted<th class=n>measured<th class=n>error</tr>{rows}</table></section>",
        escape(&history::record(history)),
        plot::errors(history)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::tests::calibration;
    use crate::solve::{Given, solve};

    #[test]
    fn a_page_needs_nothing_from_elsewhere_and_says_every_number() {
        let target = Target::of("cloud-run", 2, 1024).unwrap();
        let given = Given { bcrypt_cost: 10, hash_wait_max_ms: 10_000, write_lanes: 2 };
        let solution = solve(&target, given, &calibration());
        let page = page(Env::CloudRun, &target, &calibration(), &solution, &[]);
        for number in &solution.numbers {
            assert!(page.contains(&format!("<code>{}</code>", number.key)));
        }
        assert!(!page.contains("http") && !page.contains("<script"), "{page}");
        assert!(page.matches("<svg").count() >= 5 && !page.contains("NaN"), "{page}");
    }
}
