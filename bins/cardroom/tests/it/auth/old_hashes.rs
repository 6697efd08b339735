//! Passwords that the earlier backend hashed.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::{COUNSELLOR, status_of_login};
use crate::app::TestApp;
use crate::behind::Behind;

/// `TestPassword123!`, hashed by Python's bcrypt at the two costs that the old database holds.
const OLD: [(&str, &str); 2] = [
    ("cost10@example.com", "$2b$10$PfgSCy/d14aYrEgYlvW7WuYJp2hUL46QHJS.DRgFpIHoVHFzcq1/G"),
    ("cost12@example.com", "$2b$12$Irh9KaFFDEysDx2DveF2cuK6QjOlZ4fN.DOH.wbtPGxCNJZDBX27W"),
];
const PASSWORD: &str = "TestPassword123!";

/// A server with a higher bcrypt cost than the old passwords, and one hashing thread.
async fn with_higher_cost() -> TestApp {
    TestApp::spawn_with(&[
        ("CARDROOM__AUTH__BCRYPT_COST", "13"),
        ("CARDROOM__AUTH__DEMO_ACCOUNTS", "false"),
        ("CARDROOM__HASHING__THREADS", "1"),
    ])
    .await
}

#[testkit::on_both_databases]
async fn old_passwords_log_in_and_are_rehashed_when_the_cost_was_raised() {
    let app = with_higher_cost().await;
    let behind = Behind::of(&app);
    for (email, old) in OLD {
        behind.import(email, old).await;
        assert_eq!(status_of_login(&app, email, "TestPassword123?").await, 401);
        assert_eq!(behind.hash(email).await, old);

        assert_eq!(status_of_login(&app, email, PASSWORD).await, 200);
        let new = changed(&behind, email, old).await;
        assert!(new.starts_with("$2b$13$"), "{new}");
        assert_eq!(status_of_login(&app, email, PASSWORD).await, 200);
        assert_eq!(behind.hash(email).await, new);
    }
}

async fn changed(behind: &Behind, email: &str, old: &str) -> String {
    for _ in 0..400 {
        let hash = behind.hash(email).await;
        if hash != old {
            return hash;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the password of {email} was not hashed anew")
}

#[testkit::on_both_databases]
async fn hashes_with_a_sufficient_cost_are_kept() {
    let app = TestApp::spawn().await;
    let behind = Behind::of(&app);
    for (email, old) in OLD {
        behind.import(email, old).await;
        assert_eq!(status_of_login(&app, email, PASSWORD).await, 200);
        assert_eq!(status_of_login(&app, email, PASSWORD).await, 200);
        assert_eq!(behind.hash(email).await, old);
    }
}

#[testkit::on_both_databases]
async fn a_hash_of_an_absurd_cost_matches_nothing_and_occupies_no_thread() {
    let app = TestApp::spawn().await;
    let behind = Behind::of(&app);
    for cost in [31, 16] {
        let email = format!("cost{cost}@example.com");
        behind.import(&email, &format!("$2b${cost}${}", &OLD[0].1[7..])).await;
        let answer = timeout(Duration::from_secs(20), status_of_login(&app, &email, PASSWORD));
        assert_eq!(answer.await, Ok(401), "cost {cost}");
    }
    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 200);
}

#[testkit::on_both_databases]
async fn an_unknown_address_takes_as_long_as_the_most_expensive_hash() {
    let app = TestApp::spawn().await;
    let [_, (dear, hash)] = OLD;
    Behind::of(&app).import(dear, hash).await;
    assert_eq!(status_of_login(&app, dear, "a wrong password").await, 401);

    // A hash of cost 12 takes 256 times as long as one of the test profile.
    let known = quickest(&app, dear).await;
    for refused in ["nobody@example.com", COUNSELLOR] {
        let refused = quickest(&app, refused).await;
        assert!(refused > known / 4, "{refused:?} against {known:?}");
    }
}

/// The shortest time of three refusals.
async fn quickest(app: &TestApp, email: &str) -> Duration {
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(status_of_login(app, email, "a wrong password").await, 401);
        quickest = quickest.min(start.elapsed());
    }
    quickest
}

#[testkit::on_both_databases]
async fn rehashing_never_overwrites_a_concurrent_change() {
    let app = with_higher_cost().await;
    let behind = Behind::of(&app);
    let [(email, old), (_, changed)] = OLD;
    behind.import(email, old).await;

    assert_eq!(status_of_login(&app, email, PASSWORD).await, 200);
    // The new hash takes half a second; meanwhile the hash is replaced.
    assert_eq!(behind.hash(email).await, old, "hashed anew too early for this test");
    behind.set_hash(email, changed).await;

    // One thread hashes, in order, so these are hashed after it.
    for _ in 0..2 {
        assert_eq!(status_of_login(&app, email, "a wrong password").await, 401);
    }
    assert_eq!(behind.hash(email).await, changed);
}
