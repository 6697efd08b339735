//! Callers that arrive, wait and are cancelled.

use futures::future::join_all;
use futures::poll;

use super::*;
use crate::concurrency::without_slot;

fn limit(requests: usize, queue: usize, wait_max_ms: u64) -> ConcurrencyLimit {
    ConcurrencyLimit::new(&settings::Admission { requests, queue, wait_max_ms })
}

/// Takes every slot that is available to reads.
fn occupy(limit: &ConcurrencyLimit) -> Vec<Slot> {
    std::iter::from_fn(|| limit.enter(Priority::Read)).collect()
}

#[tokio::test]
async fn a_returned_slot_goes_to_a_waiting_request() {
    let limit = limit(8, 10, 60_000);
    let mut taken = occupy(&limit);
    let mut waiting = Box::pin(limit.wait(Priority::Read));
    assert!(poll!(&mut waiting).is_pending());
    taken.pop();
    assert!(waiting.await.is_ok());
}

#[tokio::test]
async fn a_request_cancelled_while_waiting_loses_no_slot() {
    let limit = limit(8, 10, 60_000);
    let mut taken = occupy(&limit);
    let mut gone = Box::pin(limit.wait(Priority::Read));
    let mut late = Box::pin(limit.wait(Priority::Read));
    assert!(poll!(&mut gone).is_pending() && poll!(&mut late).is_pending());
    taken.pop();
    // The slot was assigned to this request.
    drop(gone);
    assert!(late.await.is_ok());
    drop(taken);
    assert_eq!(occupy(&limit).len(), 4);
}

#[tokio::test]
async fn a_request_that_waits_too_long_is_refused_with_retry_after() {
    let limit = limit(8, 10, 1);
    let taken = occupy(&limit);
    assert!(limit.wait(Priority::Read).await.is_err());
    drop(taken);
    assert!(limit.enter(Priority::Read).is_some());
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let limit = limit(8, 0, 60_000);
    let _taken = occupy(&limit);
    assert!(limit.wait(Priority::Read).await.is_err());
}

#[tokio::test]
async fn a_request_that_waits_elsewhere_holds_no_slot_and_gets_it_back() {
    let limit = limit(8, 10, 60_000);
    let slot = limit.enter(Priority::Read).unwrap();
    let free = || Priority::ALL.map(|it| limit.slots().taken(it)) == [0; 5];
    without_slot::with(slot, async {
        assert!(!free());
        without_slot::wait_without_slot(async { assert!(free()) }).await;
        assert!(!free());
    })
    .await;
    assert!(free());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_slot_is_lost_when_many_requests_arrive_wait_and_cancel() {
    let limit = limit(8, 50, 5);
    let callers = (0..200).map(|index| {
        let limit = limit.clone();
        tokio::spawn(async move {
            for round in 0..50 {
                let priority = Priority::ALL[(index + round) % Priority::ALL.len()];
                let slot = match limit.enter(priority) {
                    Some(slot) => Some(slot),
                    None => limit.wait(priority).await.ok(),
                };
                tokio::task::yield_now().await;
                drop(slot);
            }
        })
    });
    assert!(join_all(callers).await.iter().all(Result::is_ok));
    assert_eq!(Priority::ALL.map(|it| limit.slots().taken(it)), [0; 5]);
    assert_eq!(occupy(&limit).len(), 4);
}
