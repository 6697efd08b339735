//! The files of a run.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use report::escape;

use crate::exit::Exit;
use crate::finding::Check;
use crate::page;
use crate::record::Run;
use crate::table;

/// Writes `run.json`, `report.html` and `junit.xml`.
pub(crate) fn write(run: &Run, folder: &Path) -> Result<()> {
    run.write(folder)?;
    fs::write(folder.join("report.html"), page::html(run))?;
    fs::write(folder.join("junit.xml"), junit(run))?;
    Ok(())
}

/// One judgement, with its fault if it does not hold.
struct Case {
    name: String,
    fault: Option<String>,
}

/// Everything that was judged. An invalid run has no verdicts.
fn cases(run: &Run) -> Vec<Case> {
    let failed = |name: String, it: &Check| Case { name, fault: (!it.ok).then(|| it.fault()) };
    let ended = run
        .fault
        .iter()
        .map(|it| Case { name: "the run came to its end".to_owned(), fault: Some(it.clone()) });
    let invalid =
        run.invalid().map(|(section, it)| failed(format!("valid: {section}: {}", it.name), it));
    let mut all: Vec<_> = ended.chain(invalid).collect();
    let is_valid = all.is_empty();
    all.extend(
        run.standstills().map(|(section, it)| failed(format!("{section}: {}", it.name), it)),
    );
    for section in run.sections.iter().filter(|_| is_valid) {
        all.extend(section.verdicts.iter().map(|it| {
            let value =
                it.value.map_or("nothing".to_owned(), |value| it.objective.metric.show(value));
            let fault = format!("measured {value} {}", table::interval(it));
            let name = format!("{}: {}", section.name, it.objective);
            Case { name, fault: (!it.pass).then_some(fault) }
        }));
        let claims = section.claims.iter();
        all.extend(claims.map(|it| failed(format!("{}: {}", section.name, it.name), it)));
    }
    all.extend(run.findings.iter().map(|it| {
        let fault = || format!("{} of {}: {}", it.faults, it.checked, it.examples.join("; "));
        Case { name: format!("kept: {}", it.about), fault: (!it.holds()).then(fault) }
    }));
    all
}

/// The judgements as `JUnit` test cases.
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

/// The judgements as a table of Markdown.
pub(crate) fn markdown(run: &Run) -> String {
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
