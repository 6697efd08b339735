//! What a run leaves behind for people and machines.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::exit::Exit;
use crate::record::Run;
use crate::report::{self, escape};
use crate::table;

/// Writes `run.json`, `report.html` and `junit.xml`.
pub(crate) fn write(run: &Run, folder: &Path) -> Result<()> {
    run.write(folder)?;
    fs::write(folder.join("report.html"), report::html(run))?;
    fs::write(folder.join("junit.xml"), junit(run))?;
    Ok(())
}

/// One thing that was judged: its name, and why it does not hold.
struct Case {
    name: String,
    fault: Option<String>,
}

/// Everything that was judged. Verdicts of an invalid run are none.
fn cases(run: &Run) -> Vec<Case> {
    let mut all: Vec<_> = run
        .invalid()
        .map(|(section, it)| Case {
            name: format!("valid: {section}: {}", it.name),
            fault: Some(format!("is {}, must be {}", it.value, it.limit)),
        })
        .collect();
    if all.is_empty() {
        for section in &run.sections {
            all.extend(section.verdicts.iter().map(|it| {
                let value =
                    it.value.map_or("nothing".to_owned(), |value| it.objective.metric.show(value));
                let fault = format!("measured {value} {}", table::interval(it));
                Case {
                    name: format!("{}: {}", section.name, it.objective),
                    fault: (!it.pass).then_some(fault),
                }
            }));
            all.extend(section.claims.iter().map(|it| Case {
                name: format!("{}: {}", section.name, it.name),
                fault: (!it.ok).then(|| format!("is {}, must be {}", it.value, it.limit)),
            }));
        }
    }
    all.extend(run.findings.iter().map(|it| {
        Case {
            name: format!("kept: {}", it.about),
            fault: (!it.holds())
                .then(|| format!("{} of {}: {}", it.faults, it.checked, it.examples.join("; "))),
        }
    }));
    all
}

/// As test runners report, for whatever shows test results.
fn junit(run: &Run) -> String {
    let cases = cases(run);
    let failures = cases.iter().filter(|it| it.fault.is_some()).count();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"stress\" tests=\"{}\" failures=\"{failures}\">\n",
        cases.len()
    );
    for Case { name, fault } in &cases {
        let _ = match fault {
            None => writeln!(xml, "  <testcase name=\"{}\"/>", escape(name)),
            Some(fault) => writeln!(
                xml,
                "  <testcase name=\"{}\"><failure message=\"{}\"/></testcase>",
                escape(name),
                escape(fault)
            ),
        };
    }
    xml + "</testsuite>\n"
}

/// Appends a table to the summary of a GitHub job.
pub(crate) fn github(run: &Run) -> Result<()> {
    let file = env::var("GITHUB_STEP_SUMMARY").context("GITHUB_STEP_SUMMARY is not set")?;
    let mut file = OpenOptions::new().append(true).create(true).open(file)?;
    Ok(file.write_all(markdown(run).as_bytes())?)
}

fn markdown(run: &Run) -> String {
    let word = match run.exit() {
        Exit::Passed => "passed",
        Exit::Invalid => "invalid",
        Exit::Interrupted => "interrupted",
        _ => "failed",
    };
    let mut text = format!("### Load: {word}\n\n| | |\n|---|---|\n");
    for Case { name, fault } in cases(run) {
        let (mark, fault) =
            fault.map_or(("ok", String::new()), |it| ("**failed**", format!(": {it}")));
        let _ = writeln!(
            text,
            "| {mark} | {}{} |",
            name.replace('|', "\\|"),
            fault.replace('|', "\\|")
        );
    }
    text
}
