//! More log-ins than the hashing lane takes.

use futures::future::join_all;

use super::{COUNSELLOR, login, status_of_login};
use crate::app::{TestApp, body_of};

#[testkit::on_both_databases]
async fn who_finds_the_queue_for_hashing_full_is_told_when_to_come_again() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__HASHING__THREADS", "1"),
        ("CARDROOM__HASHING__QUEUE", "9"),
        // Slow enough that nobody is done before everybody has come.
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
        assert_eq!(answer.headers()["retry-after"], "3", "nine hashes of 250 ms, rounded up");
        let body = body_of(answer).await;
        assert_eq!(body["code"], "logins_busy");
        let detail = "Too many people are logging in at the moment, please try again";
        assert_eq!(body["detail"], detail);
        refused += 1;
    }

    assert!((1..=20).contains(&refused), "{refused} of 30 were refused");
    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 200);
}
