//! More log-ins than the hashing lane accepts.

use futures::future::join_all;

use super::{COUNSELLOR, login, status_of_login};
use crate::app::{TestApp, body_of};

#[testkit::on_both_databases]
async fn a_full_hashing_queue_is_answered_with_retry_after() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__HASHING__THREADS", "1"),
        ("CARDROOM__HASHING__QUEUE", "9"),
        // Long enough that only the length of the queue matters, however busy the machine is.
        ("CARDROOM__HASHING__WAIT_MAX_MS", "60000"),
        // Slow enough that no hash ends before all requests have arrived.
        ("CARDROOM__AUTH__BCRYPT_COST", "10"),
    ])
    .await;

    let wrong = (0..30).map(|_| login(&app, "nobody@example.com", "demo123").send());
    let mut refused = 0;
    for answer in join_all(wrong).await.into_iter().map(Result::unwrap) {
        if answer.status() == 401 {
            continue;
        }
        assert_eq!(answer.status(), 503);
        let seconds: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds} s for ten hashes");
        let body = body_of(answer).await;
        assert_eq!(body["code"], "logins_busy");
        let detail = "Too many people are logging in at the moment, please try again";
        assert_eq!(body["detail"], detail);
        refused += 1;
    }

    assert!((1..=20).contains(&refused), "{refused} of 30 were refused");
    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 200);
}

#[testkit::on_both_databases]
async fn a_login_that_would_wait_too_long_is_answered_with_retry_after() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__HASHING__THREADS", "1"),
        ("CARDROOM__HASHING__WAIT_MAX_MS", "1000"),
        ("CARDROOM__AUTH__BCRYPT_COST", "10"),
    ])
    .await;

    let answers = join_all((0..30).map(|_| login(&app, COUNSELLOR, "demo123").send())).await;

    let statuses: Vec<_> = answers.into_iter().map(|it| it.unwrap().status().as_u16()).collect();
    assert!(statuses.iter().all(|it| [200, 503].contains(it)), "{statuses:?}");
    assert!(statuses.contains(&200) && statuses.contains(&503), "{statuses:?}");
    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 200);
}

#[testkit::on_both_databases]
async fn other_requests_are_served_while_many_logins_wait() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__HASHING__WAIT_MAX_MS", "60000"),
        ("CARDROOM__AUTH__BCRYPT_COST", "10"),
    ])
    .await;
    let crowd = join_all((0..60).map(|_| login(&app, "nobody@example.com", "demo123").send()));
    let mut crowd = std::pin::pin!(crowd);
    let mut served = 0;
    let answers = loop {
        tokio::select! {
            answers = &mut crowd => break answers,
            health = app.get("/health").send() => {
                assert_eq!(health.unwrap().status(), 200);
                served += 1;
            }
        }
    };
    assert!(answers.into_iter().all(|it| it.unwrap().status() == 401));
    assert!(served > 10, "{served} answers while sixty waited");
}
