//! Loads that the machine disturbs, and servers that stand still, die or are not there.

use std::future::pending;
use std::time::Duration;

use clap::Parser as _;

use super::fake::Faults;
use super::{slo, stress, stress_with};
use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::record::Run;

/// A ladder of two rungs, and limits that call every try disturbed or none.
const RUNGS: &str = "ladder --users 1,2 --for 100ms --warm-up 10ms --slo-factor 200";

async fn disturbed(is_disturbed: bool, faults: Faults, words: &str) -> Run {
    let mut slo = slo();
    slo.validity.others_cores_max = if is_disturbed { -1.0 } else { 1e9 };
    let us = std::process::id().try_into().ok();
    stress_with(&slo, faults, words, us, pending()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_others_disturb_is_repeated_and_every_try_is_kept() {
    for (is_disturbed, tries, exit) in [(true, 2, Exit::Invalid), (false, 0, Exit::Passed)] {
        let run = disturbed(is_disturbed, Faults::default(), RUNGS).await;
        let first = &run.sections[0];
        assert_eq!((&*first.name, first.tries.len()), ("save x 1", tries));
        assert!(first.tries.iter().all(|it| it.rate("save") > 0.0), "each has its figures");
        assert_eq!(run.exit(), exit);
        assert!(run.findings[0].checked > 0, "what was acknowledged meanwhile is read back");
        let shown = crate::table::render(&run);
        assert_eq!(shown.matches("was disturbed: others on the machine").count(), tries, "{shown}");
        assert_eq!(crate::page::html(&run).matches("a try that was disturbed").count(), tries);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_fails_a_run_and_is_not_repeated_away() {
    // Long enough that a busy machine, which excuses a part of it, does not excuse all.
    let stands_still = Some((20, Duration::from_secs(5)));
    let words = "save --users 200 --rate 100 --for 1s --warm-up 10ms --slo-factor 10000";
    for lag_max in [-1.0, 1e9] {
        let mut slo = slo();
        slo.validity.lag_p99_max_ms = lag_max;
        let faults = Faults { stands_still, ..Faults::default() };
        let run = stress_with(&slo, faults, words, None, pending()).await;
        let section = &run.sections[0];
        assert!(section.tries.is_empty(), "a disturbance is no reason to repeat it");
        assert!(section.standstill.as_ref().is_some_and(|it| !it.ok), "{:?}", section.standstill);
        assert_eq!(run.exit(), Exit::Failed);
        assert!(crate::table::render(&run).contains("standstill of the server is "));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standstill_in_an_earlier_try_fails_a_run_that_then_passed() {
    let mut run = disturbed(true, Faults::default(), RUNGS).await;
    run.sections.iter_mut().for_each(|it| it.checks.retain(|check| check.ok));
    assert_eq!(run.exit(), Exit::Passed);

    run.sections[0].tries[0].standstill =
        crate::validity::standstill(&slo().validity, Duration::from_secs(3));

    assert_eq!(run.exit(), Exit::Failed);
    assert_eq!(run.standstills().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_leaves_the_figures_until_then() {
    let faults = Faults { dies_after: Some(30), ..Faults::default() };
    let run = stress(faults, "join save --users 2 --repeat 4 --slo-factor 200").await;
    let names: Vec<_> = run.sections.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["join", "save"]);
    assert!(run.sections[0].rate("join") > 0.0);
    let fault = run.fault.as_deref().expect("a fault");
    assert!(fault.contains("could not be verified"), "{fault}");
    assert_eq!(run.exit(), Exit::NoTarget, "{fault}");
    for shown in [crate::table::render(&run), crate::page::html(&run)] {
        assert!(shown.contains("could not be verified"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_there_is_no_run() {
    let arguments = Arguments::parse_from(["stress", "save", "--target", "http://127.0.0.1:9"]);
    let error = crate::spawn::target(&arguments.run).await.err().expect("no server");
    assert!(format!("{error:#}").starts_with("no server at http://127.0.0.1:9"), "{error:#}");
    assert_eq!(Exit::NoTarget.code(), 15);
}
