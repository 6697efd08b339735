//! The runs that need more than one scenario, against a small server: each comes to its end with its claims.

use std::time::Duration;

use super::fake::Faults;
use super::{lost, stress};
use crate::exit::Exit;
use crate::record::{Run, Section};

/// The names of the claims of a section, up to the first comma.
fn claims(section: &Section) -> Vec<&str> {
    section.claims.iter().filter_map(|it| it.name.split(',').next()).collect()
}

fn names(run: &Run) -> Vec<&str> {
    run.sections.iter().map(|it| &*it.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn smoke_passes_on_a_good_server_and_fails_on_a_bad_one() {
    let good = stress(Faults::default(), "--gate smoke").await;
    assert_eq!(good.exit(), Exit::Passed, "{}", crate::table::render(&good));
    assert_eq!((names(&good), lost(&good)), (vec!["smoke"], 0));
    let steps: Vec<_> = good.sections[0].recording.steps.keys().collect();
    assert_eq!(steps, ["join", "read", "save"]);

    let bad = stress(Faults { refuses_every: Some(7), ..Faults::default() }, "--gate smoke").await;
    assert_eq!(bad.exit(), Exit::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn bench_measures_saves_joins_and_heartbeats() {
    let run = stress(Faults::default(), "bench --for 200ms --warm-up 10ms --allow-busy").await;
    let expected = [
        ("saves, 50 connections", "save"),
        ("saves, 200 connections", "save"),
        ("joins, 50 connections", "join"),
        ("heartbeats, 50 connections", "heartbeat"),
    ];
    assert_eq!(names(&run), expected.map(|it| it.0));
    for (section, (_, step)) in run.sections.iter().zip(expected) {
        assert!(section.rate(step) > 0.0, "{step}");
        assert_eq!(section.success(step), Some(1.0));
        assert!(section.p95(step).is_some() && section.p95("walk").is_none());
    }
    assert!(run.sections[0].claims.is_empty(), "there is no pgbench beside it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overload_is_measured_before_during_and_after() {
    let faults =
        Faults { save_delay: Duration::from_millis(5), places: Some(1), ..Faults::default() };
    let words = "overload --for 600ms --warm-up 50ms --users 10 --rate 1000 --slo-factor 1000";
    let run = stress(faults, words).await;
    let [capacity, before, overload, after, later] = &run.sections[..] else {
        panic!("{:?}", names(&run))
    };
    assert!(capacity.name.starts_with("save x 10 of 1500") && capacity.claims.is_empty());
    assert!(before.rate("save") > 0.0 && later.rate("save") > 0.0);
    assert!(overload.name.contains("went away)"), "{}", overload.name);
    let throughput =
        ["throughput", "requests that failed without a refusal", "refusals without Retry-After"];
    assert_eq!(claims(overload), throughput);
    assert_eq!(claims(after), ["time to recovery"]);
    assert_eq!(lost(&run), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soak_compares_its_end_with_its_beginning() {
    let words = "soak --for 2s --warm-up 10ms --rate 100 --users 50 --slo-factor 1000";
    let run = stress(Faults::default(), words).await;
    assert_eq!(names(&run), ["soak, first tenth", "soak"]);
    assert_eq!(claims(&run.sections[1]), ["p95 of the last third"]);
    assert!(run.sections[0].resident_bytes().is_none(), "this server has no such metric");
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_users_are_measured_beside_each_greedy_client() {
    let run = stress(Faults::default(), "neighbour --for 200ms --allow-busy").await;
    let all = names(&run);
    assert_eq!((all.len(), all[0]), (7, "ordinary users alone"));
    let greedy =
        ["largest saves", "patches", "joins", "lists and history", "broadcasts", "log-ins"];
    for (section, greedy) in run.sections[1..].iter().zip(greedy) {
        assert!(section.name.starts_with(&format!("beside greedy {greedy} (")), "{all:?}");
        assert!(!section.name.contains("(0 answered, 0 refused, 0 failed)"), "{all:?}");
        let p99s = ["save", "join", "read", "delivery"].map(|it| format!("p99 of {it} beside it"));
        assert_eq!(claims(section), p99s);
    }
    let shown = crate::table::render(&run);
    assert_eq!(shown.matches("beside it, and alone").count(), 24, "valid or not: {shown}");
    for step in ["save", "join", "read", "delivery"] {
        assert!(run.sections.iter().all(|it| it.rate(step) > 0.0), "{step}");
    }
    assert_eq!(lost(&run), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_told_in_markdown_and_as_test_cases() {
    let run = stress(Faults { refuses_every: Some(5), ..Faults::default() }, super::BURSTS).await;
    let markdown = crate::outputs::markdown(&run);
    assert!(markdown.starts_with("### Load: failed\n"), "{markdown}");
    assert!(markdown.contains("| **failed** | save: save.success = 100%: measured "), "{markdown}");
    assert!(markdown.contains("| ok | kept: states read back, each as it was saved last |"));
}
