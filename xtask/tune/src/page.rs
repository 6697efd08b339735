//! `tune report`: a profile as one HTML file.

mod plots;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use report::{Html, badge, bars, escape, facts, page, table};
use settings::Profile as Env;

use crate::calibration::{Calibration, Operation};
use crate::history::{self, Entry};
use crate::profile::Profile;
use crate::solve::{Capacity, Solution};
use crate::target::Target;

/// Verifications that are shown.
const SHOWN: usize = 6;

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
    fs::write(file, html(env, &target, calibration, &solution, &mine))?;
    println!("wrote {}", file.display());
    Ok(())
}

fn html(
    env: Env,
    target: &Target,
    calibration: &Calibration,
    solution: &Solution,
    history: &[Entry],
) -> Html {
    let predicted = &solution.predicted;
    let body = [
        head(env, target, calibration, solution),
        numbers(solution),
        operation("save", &calibration.save, &predicted.save, calibration),
        operation("join", &calibration.join, &predicted.join, calibration),
        operation("read", &calibration.read, &predicted.read, calibration),
        record(history),
    ];
    page(&format!("Cardroom, {env}: capacity and sizes"), &body)
}

fn head(env: Env, target: &Target, calibration: &Calibration, solution: &Solution) -> Html {
    let (class, word) =
        if solution.faults.is_empty() { ("good", "It fits") } else { ("bad", "It does not fit") };
    let faults = solution.faults.iter().map(|it| {
        let ways: Vec<_> = it.ways_out.iter().map(|way| format!("<li>{}", escape(way))).collect();
        format!("<p class=say>{}</p><ul>{}</ul>", escape(&it.what), ways.concat())
    });
    let save = &solution.predicted.save;
    let facts = facts(&[
        ("profile", env.to_string()),
        ("for", format!("{} cores, {}", target.cores, target.database.kind())),
        ("saves there", format!("{:.0}/s", save.target)),
        ("bottleneck", save.bottleneck.clone()),
        ("measured on", format!("{}, {} cores", calibration.machine, calibration.cores)),
        ("on", calibration.date.clone()),
        ("commit", calibration.commit.clone()),
    ]);
    let faults = faults.collect::<Vec<_>>().concat();
    format!(
        "<header class={class}><p class=kicker>Cardroom, tuned</p><h1>{word}</h1>{faults}{facts}</header>"
    )
}

fn numbers(solution: &Solution) -> Html {
    let rows = solution.numbers.iter().map(|it| {
        let (key, value, why) = (it.key, it.value, escape(&it.why));
        vec![
            format!("<code>{key}</code>"),
            format!("<b>{value}</b>"),
            format!("<small>{why}</small>"),
        ]
    });
    format!("<section><h2>Numbers</h2>{}</section>", table(&["setting", "#value", "why"], rows))
}

/// Demands, the curve and the bursts of one kind of request.
fn operation(name: &str, it: &Operation, predicted: &Capacity, calibration: &Calibration) -> Html {
    let cores = calibration.cores;
    let parts =
        [("server", it.server_us), ("database", it.database_us), ("load tool", it.generator_us)];
    let bars =
        bars("processor time of one", &parts.map(|(name, us)| (name, us, format!("{us:.0} us"))));
    let Capacity { here, target, bottleneck, model, held_out_percent, .. } = predicted;
    let curve = it.curve().map_or(String::new(), |curve| plots::capacity(&it.levels(), &curve));
    let bursts = if it.people.is_empty() { String::new() } else { plots::bursts(it) };
    format!(
        "<section><h2>{name}</h2><p>{here:.0}/s here, set by {bottleneck}, of {cores} cores; {target:.0}/s on the \
         target. Model: {model}, {held_out_percent:+.1} % off at the level that was left out of the fit.</p>\
         {bars}<div class=figures>{curve}{bursts}</div></section>"
    )
}

fn record(history: &[Entry]) -> Html {
    let rows = history.iter().rev().take(SHOWN).flat_map(|entry| {
        entry.rows.iter().map(move |row| {
            let word = match row.holds {
                Some(true) => "right",
                Some(false) => "wrong",
                None => "not judged",
            };
            let when = format!("{} {}", escape(&entry.date), escape(&entry.env));
            let error = row.error.map_or(String::new(), |it| format!("{:+.1} %", it * 100.0));
            let [name, predicted, measured] =
                [&row.name, &row.predicted, &row.measured].map(|it| escape(it));
            vec![badge(row.holds, word), when, name, predicted, measured, error]
        })
    });
    let columns = ["", "when", "what", "#predicted", "#measured", "#error"];
    format!(
        "<section><h2>Predictions and measurements</h2><p>{}</p>{}{}</section>",
        escape(&history::record(history)),
        plots::errors(history),
        table(&columns, rows)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::tests::calibration;
    use crate::solve::{Given, solve};
    use crate::verify::Row;

    #[test]
    fn a_page_needs_nothing_from_elsewhere_and_says_every_number() {
        let target = Target::of("cloud-run", 2, 1024).unwrap();
        let given = Given { bcrypt_cost: 10, hash_wait_max_ms: 10_000, write_lanes: 2 };
        let solution = solve(&target, given, &calibration());

        let page = html(Env::CloudRun, &target, &calibration(), &solution, &[]);

        for number in &solution.numbers {
            assert!(page.contains(&format!("<code>{}</code>", number.key)));
        }
        assert!(!page.contains("http") && !page.contains("<script"), "{page}");
        assert!(page.matches("<svg").count() >= 5 && !page.contains("NaN"), "{page}");
    }

    #[test]
    fn a_verification_shows_its_rows() {
        let row = Row {
            name: "save <capacity>".to_owned(),
            predicted: "1000/s".to_owned(),
            measured: "900/s".to_owned(),
            error: Some(-0.1),
            holds: Some(true),
            disturbed: false,
        };
        let text = || "it".to_owned();
        let (date, machine, commit, env, database) = (text(), text(), text(), text(), text());
        let (open_shares, rows) = (<_>::default(), vec![row]);
        let entry = Entry { date, machine, cores: 2, commit, env, database, open_shares, rows };

        let page = record(&[entry]);

        assert!(page.contains("save &lt;capacity&gt;") && page.contains("-10.0 %"), "{page}");
        assert!(page.contains("right") && page.contains("<svg"), "{page}");
    }
}
