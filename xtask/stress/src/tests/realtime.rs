//! Members that broadcast, against a server that loses, doubles or delays a delivery.

use super::fake::Faults;
use super::{missed, stress};
use crate::exit::Exit;
use crate::record::Run;

/// Three members in each of two rooms, with some fifty messages each.
const TALK: &str =
    "realtime --rooms 2 --users 3 --rate 300 --for 900ms --warm-up 100ms --slo-factor 200";

/// The messages that were lost, received twice and received late.
async fn broadcasts(faults: Faults) -> ([u64; 3], Run) {
    let run = stress(faults, TALK).await;
    let faults: Vec<_> = run.findings.iter().map(|it| it.faults).collect();
    (faults.try_into().unwrap(), run)
}

#[tokio::test(flavor = "multi_thread")]
async fn members_receive_everything_once_and_in_order() {
    let (faults, run) = broadcasts(Faults::default()).await;

    assert_eq!((faults, missed(&run)), ([0; 3], vec![]));
    assert_eq!(run.exit(), Exit::Passed);
    assert!(run.findings.iter().all(|it| it.checked > 300), "{:?}", run.findings);
    let section = &run.sections[0];
    assert_eq!(section.claims[0].value, "100.000 %");
    let html = crate::page::html(&run);
    assert!(html.contains("Deliveries <small>") && html.contains("out of order"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_goes_wrong_is_found() {
    let place = Some(100);
    let lost = Faults { loses_delivery: place, ..Faults::default() };
    let twice = Faults { doubles_delivery: place, ..Faults::default() };
    let late = Faults { delays_delivery: place, ..Faults::default() };
    for (fault, expected) in [(lost, [1, 0, 0]), (twice, [0, 1, 0]), (late, [0, 0, 1])] {
        let (faults, run) = broadcasts(fault.clone()).await;
        assert_eq!(faults, expected, "{fault:?}");
        assert_eq!(run.exit(), Exit::Failed, "{fault:?}");
        let failed = run.sections[0].claims.iter().filter(|it| !it.ok).count();
        assert_eq!(failed, 1, "{fault:?}");
    }
}
