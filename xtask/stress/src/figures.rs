//! `docs/PERFORMANCE.md`: the figures of one run as a table.

use std::fmt::Write as _;

use crate::record::Run;
use crate::table::interval;

/// The page. What a busy machine or the tool itself has spoiled says so beside its figure.
pub(crate) fn markdown(run: &Run) -> String {
    let mut page = format!(
        "<!-- Written by `cargo xtask stress figures --write docs/PERFORMANCE.md`. -->\n# Performance\n\nMeasured on {} at commit \
         {}, on {} with {} cores, {} GiB and Linux {}, the load tool beside the server, on {}. Absolute \
         figures move with the machine; ratios are taken in one run.\n\n\
         | figure | asked | measured | 95 % interval | |\n|---|---|---|---|---|\n",
        run.started,
        run.commit,
        run.machine.processor,
        run.machine.cores,
        run.machine.memory_gib,
        run.machine.kernel,
        run.server.database,
    );
    for section in &run.sections {
        let spoiled: Vec<_> = section.checks.iter().filter(|it| !it.ok).collect();
        let spoiled = spoiled.iter().fold(String::new(), |mut all, it| {
            let _ = write!(all, " (invalid: {} {})", it.name, it.value);
            all
        });
        let held = |ok: bool| if ok { "held" } else { "**missed**" };
        let name = &section.name;
        for it in &section.verdicts {
            let objective = &it.objective;
            let value = it.value.map_or("nothing".to_owned(), |value| objective.metric.show(value));
            let (interval, held) = (interval(it), held(it.pass));
            let _ = writeln!(
                page,
                "| {name} | `{objective}` | {value} | {interval} | {held}{spoiled} |"
            );
        }
        for it in &section.claims {
            let (claim, value, limit, held) = (&it.name, &it.value, &it.limit, held(it.ok));
            let _ = writeln!(page, "| {claim} | {limit} | {value} | | {held}{spoiled} |");
        }
    }
    page.push('\n');
    for it in &run.findings {
        let lost =
            if it.holds() { String::new() } else { format!(", **{} lost or wrong**", it.faults) };
        let _ = writeln!(page, "- {} {}{lost}", it.checked, it.about);
    }
    page.push_str(
        "\nStart and idle memory are measured by `cargo xtask footprint`, what survives `kill -9` by \
         `cargo xtask crash`.\n",
    );
    page
}
