//! The whole tool against small servers in this process, good ones and bad ones.

mod disturbances;
mod fake;
mod realtime;
mod runs;

use std::future::pending;
use std::path::Path;
use std::time::Duration;

use clap::Parser as _;

use crate::arguments::Arguments;
use crate::compare::compare;
use crate::exit::Exit;
use crate::outputs;
use crate::record::{Run, Server};
use crate::session;
use crate::slo::Slo;
use crate::tally::Slot;
use crate::target::Target;
use fake::{Fake, Faults};

/// Limits for tests that run beside others, in a debug build.
fn slo() -> Slo {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../perf/slo.toml");
    let mut slo = Slo::read(Path::new(file)).unwrap();
    slo.validity.generator_wait_max = 1.0;
    slo.validity.lag_p99_max_ms = 1000.0;
    slo.validity.little_tolerance = 10.0;
    slo
}

/// Runs `words` against a server with `faults`, whose process is `pid`, until an interruption.
async fn stress_with(
    slo: &Slo,
    faults: Faults,
    words: &str,
    pid: Option<i32>,
    interruption: impl Future<Output = ()>,
) -> Run {
    let fake = Fake::start(faults).await;
    let words = ["stress"].into_iter().chain(words.split(' '));
    let arguments = Arguments::parse_from(words);
    let target = Target::local(fake.address);
    session::run(&arguments.run, slo, target, server(), pid, interruption).await.unwrap()
}

fn server() -> Server {
    Server {
        target: "fake".into(),
        database: "none".into(),
        profile: "none".into(),
        build: String::new(),
        started_ms: None,
        settings: Vec::new(),
    }
}

/// Runs `words` against a server with `faults`, to the end.
async fn stress(faults: Faults, words: &str) -> Run {
    stress_with(&slo(), faults, words, None, pending()).await
}

/// Objectives that were missed.
fn missed(run: &Run) -> Vec<String> {
    let all = run.sections.iter().flat_map(|it| &it.verdicts).filter(|it| !it.pass);
    all.map(|it| it.objective.to_string()).collect()
}

fn lost(run: &Run) -> u64 {
    run.findings.iter().map(|it| it.faults).sum()
}

/// Wide limits, because these servers are debug builds on machines that do other things.
const BURSTS: &str = "save join --users 10 --repeat 2 --slo-factor 200";

#[tokio::test(flavor = "multi_thread")]
async fn a_good_server_passes() {
    let run = stress(Faults::default(), BURSTS).await;

    assert_eq!(missed(&run), [""; 0]);
    assert_eq!(run.exit(), Exit::Passed);
    let checked: Vec<_> = run.findings.iter().map(|it| it.checked).collect();
    assert_eq!(checked, [20, 20, 40, 20], "versions, states, joins, visitors");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_fails_with_the_objective_named() {
    let faults = Faults { save_delay: Duration::from_millis(80), ..Faults::default() };

    let run = stress(faults, "save --users 5 --repeat 2").await;

    assert!(missed(&run).contains(&"save.p95 < 50ms".to_owned()), "{:?}", missed(&run));
    assert_eq!(run.exit(), Exit::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_update_fails_a_fast_run() {
    let faults = Faults { forgets_save: Some(37), ..Faults::default() };

    let run = stress(faults, "save --users 4 --for 300ms --warm-up 50ms --slo-factor 200").await;

    assert_eq!(missed(&run), [""; 0], "it is fast");
    assert!(lost(&run) > 0);
    assert_eq!(run.exit(), Exit::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_with_two_visitors_fails() {
    let faults = Faults { doubles_visitors: true, ..Faults::default() };

    let run = stress(faults, BURSTS).await;

    assert!(lost(&run) > 0);
    assert_eq!(run.exit(), Exit::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_counted_apart_and_are_no_success() {
    let faults = Faults { refuses_every: Some(5), ..Faults::default() };

    let run = stress(faults, "save --users 10 --repeat 2 --slo-factor 200").await;

    let tally = &run.sections[0].recording.steps["save"];
    assert!(tally.refusals() > 0 && tally.refused_without_when == 0 && tally.failed == 0);
    assert_eq!(missed(&run), ["save.success = 100%"]);
    assert_eq!(lost(&run), 0, "a refused request has acknowledged nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_arrivals_than_users_make_an_open_loop_invalid() {
    let faults = Faults { save_delay: Duration::from_millis(100), ..Faults::default() };

    let run = stress(faults, "save --users 2 --rate 200 --for 500ms --warm-up 50ms").await;

    let dropped = run.invalid().any(|(_, check)| check.name == crate::validity::DROPPED);
    assert!(dropped, "{:?}", run.invalid().collect::<Vec<_>>());
    assert_eq!(run.exit(), Exit::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_before_an_interruption_is_kept() {
    let faults = Faults { save_delay: Duration::from_hours(1), ..Faults::default() };
    let interruption = tokio::time::sleep(Duration::from_secs(5));

    let run =
        stress_with(&slo(), faults, "join save --users 2 --repeat 1", None, interruption).await;

    let names: Vec<_> = run.sections.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["join"]);
    assert_eq!(run.exit(), Exit::Interrupted);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_ramp_the_load_grows() {
    for load in ["--users 10", "--users 50 --rate 200"] {
        let faults = Faults { save_delay: Duration::from_millis(20), ..Faults::default() };
        let run = stress(faults, &format!("save {load} --for 2400ms --ramp 2400ms")).await;

        let slots = &run.sections[0].recording.slots.all;
        let successes = |slots: &[Slot]| slots.iter().map(Slot::successes).sum::<u64>();
        let first = successes(&slots[..slots.len() / 3]);
        let last = successes(&slots[slots.len() * 2 / 3..]);
        assert!(0 < first && first * 2 < last, "{load}: {first}, then {last}");
        assert!(run.sections[0].load().contains("growing"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_loop_counts_from_when_requests_were_due() {
    let faults = Faults { save_delay: Duration::from_millis(30), ..Faults::default() };

    let run = stress(faults, "save --users 50 --rate 100 --for 1s --warm-up 100ms").await;

    let recording = &run.sections[0].recording;
    let tally = &recording.steps["save"];
    assert!(recording.offered > 50 && recording.dropped == 0);
    assert!(tally.response.quantile(0.0) >= tally.service.quantile(0.0).map(|it| it - 1));
    assert!(recording.lag.count() >= tally.total());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_is_asked_again_before_the_load() {
    let faults = Faults { refuses_registrations: 2, ..Faults::default() };

    let run = stress(faults, BURSTS).await;

    assert_eq!(run.exit(), Exit::Passed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debug_build_is_invalid() {
    let run = stress(Faults { is_debug: true, ..Faults::default() }, BURSTS).await;

    assert_eq!(run.exit(), Exit::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ladder_ends_where_the_objective_breaks() {
    let faults =
        Faults { save_delay: Duration::from_millis(40), places: Some(1), ..Faults::default() };

    let words = "ladder --users 1,2,4,8,16 --for 600ms --warm-up 100ms --slo-factor 2";
    let run = stress(faults, words).await;

    // Four users wait for 160 ms each, however fast the machine is.
    let last = run.ladder.as_ref().unwrap().rungs.last().unwrap();
    assert_eq!(last.broken.as_deref(), Some("save.p95 < 100ms"));
    assert!(last.users <= 4, "{last:?}");
    assert_eq!(run.exit(), Exit::Passed, "a broken rung is what a ladder is for");
}

#[test]
fn everything_that_can_be_run_is_listed_once() {
    let names: Vec<_> = session::catalog().map(|it| it.0).collect();
    for name in ["save", "mixed", "ladder", "hang", "soak", "figures", "realtime", "neighbour"] {
        assert_eq!(names.iter().filter(|it| **it == name).count(), 1, "{name} in {names:?}");
    }
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_cannot_be_run_is_refused_before_anything_is() {
    let fake = Fake::start(Faults::default()).await;
    let arguments = Arguments::parse_from(["stress", "save", "walk"]);
    let target = Target::local(fake.address);
    let run = session::run(&arguments.run, &slo(), target, server(), None, pending()).await;
    let error = run.unwrap_err().to_string();
    assert!(error.starts_with("no scenario `walk`: there are login, save"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_run_says_what_it_said() {
    let closed = "save --users 2 --for 200ms --warm-up 10ms --slo-factor 200";
    let open = "save --users 50 --rate 50 --for 200ms --warm-up 10ms --slo-factor 200";
    for words in [BURSTS, closed, open] {
        let run = stress(Faults::default(), words).await;
        let folder = tempfile::tempdir().unwrap();

        outputs::write(&run, folder.path()).unwrap();
        let read = Run::read(folder.path()).unwrap();

        assert_eq!((read.exit(), missed(&read)), (run.exit(), missed(&run)));
        assert_eq!(read.sections[0].model, run.sections[0].model);
        let p95 = |run: &Run| run.sections[0].recording.steps["save"].response.quantile(0.95);
        assert_eq!(p95(&read), p95(&run));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_figures_keeps_what_it_says_of_the_other_database() {
    let mut run = stress(Faults::default(), BURSTS).await;
    let mut write = |database: &str, before: &str| {
        run.server.database = database.to_owned();
        crate::figures::page(&run, before)
    };

    let one = write("sqlite", "");
    let both = write("postgres", &one);

    assert!(one.contains("| save | `save.p95 < "), "{one}");
    let places = ["# Performance", "## On postgres", "## On sqlite"].map(|it| both.find(it));
    assert!(places.is_sorted() && places[0].is_some(), "{both}");
    assert_eq!(write("sqlite", &both), both);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_needs_no_network() {
    let run = stress(Faults { forgets_save: Some(3), ..Faults::default() }, BURSTS).await;
    let folder = tempfile::tempdir().unwrap();

    outputs::write(&run, folder.path()).unwrap();

    let html = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    for foreign in ["http:", "https:", "<script", "@import", "url("] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    assert!(html.contains("Failed") && html.contains("lost or wrong"));
    let junit = std::fs::read_to_string(folder.path().join("junit.xml")).unwrap();
    assert!(junit.contains("<failure message=\"") && junit.contains("tests=\"14\""), "{junit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_compared_with_their_like_only() {
    // Fewer than 72 of a kind do not bound their p95.
    let enough = "save join --users 10 --repeat 8 --slo-factor 200";
    let run = stress(Faults::default(), enough).await;
    assert_eq!(compare(&run, &run).exit, Exit::Passed);

    let mut slow: Run = serde_json::from_str(&serde_json::to_string(&run).unwrap()).unwrap();
    let saves = slow.sections[0].recording.steps.get_mut("save").unwrap();
    (0..100).for_each(|_| saves.response.record(Duration::from_mins(1)));
    assert_eq!(compare(&run, &slow).exit, Exit::Regressed, "{}", compare(&run, &slow).text);

    let mut other = stress(Faults::default(), BURSTS).await;
    other.machine.cores += 1;
    assert_eq!(compare(&run, &other).exit, Exit::Invalid);
}
