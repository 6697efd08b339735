//! The lane with work that takes no time, or as long as the test needs.

use std::sync::mpsc;
use std::task::Poll;
use std::thread::sleep;

use futures::future::join_all;

use super::*;
use crate::concurrency::{ConcurrencyLimit, Priority, without_slot};

fn lane(threads: usize, queue: usize, wait_max_ms: u64) -> HashingLane {
    HashingLane::start(&settings::Hashing { threads, queue, wait_max_ms }).unwrap()
}

/// Occupies a thread of the lane until the returned value is dropped.
async fn occupy(lane: &HashingLane) -> mpsc::Sender<()> {
    let (finish, wait) = mpsc::channel::<()>();
    let (begun, has_begun) = oneshot::channel();
    let lane = lane.clone();
    tokio::spawn(async move {
        let work = move || {
            begun.send(()).unwrap();
            wait.recv()
        };
        lane.run_unbounded(work).await
    });
    has_begun.await.unwrap();
    finish
}

fn is_full<R>(outcome: &Result<R, HashingRefused>) -> bool {
    matches!(outcome, Err(HashingRefused::Full { .. }))
}

#[tokio::test]
async fn a_full_lane_refuses_with_retry_after() {
    let lane = lane(1, 1, 60_000);
    lane.queue.learn(Duration::from_millis(300));
    let finish = occupy(&lane).await;
    let mut waiting = Box::pin(lane.run(|| 2));
    assert!(futures::poll!(&mut waiting).is_pending());

    let refused = lane.run(|| 3).await;

    let retry_after = Duration::from_millis(600);
    assert_eq!(refused, Err(HashingRefused::Full { retry_after }));
    drop(finish);
    assert_eq!(waiting.await, Ok(2));
    assert_eq!(lane.run(|| 4).await, Ok(4));
}

#[tokio::test]
async fn a_request_that_would_wait_too_long_is_refused() {
    let lane = lane(1, 1000, 500);
    lane.queue.learn(Duration::from_millis(200));
    let finish = occupy(&lane).await;
    let mut all: Vec<_> = (0..10).map(|it| Box::pin(lane.run(move || it))).collect();
    let mut refused = 0;
    for one in &mut all {
        if let Poll::Ready(outcome) = futures::poll!(one) {
            assert!(is_full(&outcome));
            refused += 1;
        }
    }
    assert_eq!(refused, 8, "two turns of 200 ms are less than half a second, three more");
    drop(finish);
}

#[tokio::test]
async fn a_cancelled_request_leaves_the_queue_and_is_not_hashed() {
    let lane = lane(1, 1, 60_000);
    let finish = occupy(&lane).await;
    let (hashed, mut seen) = oneshot::channel::<()>();
    let mut gone = Box::pin(lane.run(move || hashed.send(())));
    assert!(futures::poll!(&mut gone).is_pending());
    assert!(is_full(&lane.run(|| 1).await));

    drop(gone);

    let mut next = Box::pin(lane.run(|| 2));
    assert!(futures::poll!(&mut next).is_pending(), "the place is free again");
    drop(finish);
    assert_eq!(next.await, Ok(2));
    assert!(seen.try_recv().is_err());
}

#[tokio::test]
async fn a_request_that_waited_too_long_is_refused_and_not_hashed() {
    let lane = lane(1, 10, 50);
    lane.queue.learn(Duration::from_millis(1));
    let finish = occupy(&lane).await;
    let (hashed, mut seen) = oneshot::channel::<()>();
    let mut tardy = Box::pin(lane.run(move || hashed.send(())));
    assert!(futures::poll!(&mut tardy).is_pending());
    sleep(Duration::from_millis(60));
    drop(finish);
    assert!(is_full(&tardy.await));
    assert!(seen.try_recv().is_err());
}

#[tokio::test]
async fn requests_are_served_in_order() {
    let lane = lane(1, 100, 60_000);
    let finish = occupy(&lane).await;
    let (served, order) = mpsc::channel();
    let mut all = join_all((0..50).map(|index| {
        let served = served.clone();
        lane.run(move || served.send(index).unwrap())
    }));
    assert!(futures::poll!(&mut all).is_pending());
    drop(finish);
    all.await;
    drop(served);
    assert_eq!(order.iter().collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn as_many_run_at_once_as_there_are_threads() {
    let lane = lane(3, 0, 60_000);
    let barrier = Arc::new(std::sync::Barrier::new(3));
    let all = join_all((0..3).map(|_| {
        let barrier = Arc::clone(&barrier);
        lane.run(move || barrier.wait())
    }));
    assert!(all.await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_request_that_waits_for_a_hash_holds_no_slot() {
    let requests = settings::Admission { requests: 8, queue: 0, wait_max_ms: 1 };
    let limit = ConcurrencyLimit::new(&requests);
    let free = || std::iter::from_fn(|| limit.enter(Priority::LogIn)).collect::<Vec<_>>().len();
    let (all, slot) = (free(), limit.enter(Priority::LogIn).unwrap());
    assert_eq!(free(), all - 1);
    let lane = lane(1, 10, 60_000);
    let finish = occupy(&lane).await;
    let mut waiting = Box::pin(without_slot::with(slot, lane.run(|| 1)));
    assert!(futures::poll!(&mut waiting).is_pending());
    assert_eq!(free(), all);
    drop(finish);
    assert_eq!(waiting.await, Ok(1));
}

#[tokio::test]
async fn a_panic_breaks_only_its_own_work() {
    let lane = lane(1, 0, 1000);
    assert_eq!(lane.run(|| panic!("on purpose")).await, Err::<(), _>(HashingRefused::Broken));
    assert_eq!(lane.run_unbounded(|| 1).await, Ok(1));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_threads_have_a_low_priority() {
    let priority = || rustix::process::getpriority_process(None).unwrap();
    let lane = lane(1, 0, 1000);
    let own = lane.run(priority).await.unwrap();
    assert!(own > priority(), "{own}");
}
