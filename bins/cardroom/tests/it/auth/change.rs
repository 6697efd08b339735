//! Changing the password of the caller.

use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{COUNSELLOR, login, status_of_login};
use crate::app::{TestApp, body_of};
use crate::behind::Behind;
use crate::transcript::Transcript;

const PATH: &str = "/api/auth/change-password";

fn change(old: &str, new: &str) -> Value {
    json!({ "old_password": old, "new_password": new })
}

/// Long enough for a request to reach the lock that it waits for.
const MOMENT: Duration = Duration::from_millis(500);

#[testkit::on_both_databases]
async fn a_password_is_changed_by_a_body_or_by_the_query() {
    let app = TestApp::spawn().await;
    let me = app.counsellor().await;
    let mut transcript = Transcript::default();

    transcript.say("a body", me.post(PATH, &change("demo123", "first new"))).await;
    let query = "?old_password=first%20new&new_password=second%2Bnew";
    transcript.say("the query", me.request("POST", &format!("{PATH}{query}"))).await;
    transcript.say("no token", app.post(PATH, &change("demo123", "third new"))).await;
    transcript.check("change");

    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 401);
    assert_eq!(status_of_login(&app, COUNSELLOR, "first new").await, 401);
    assert_eq!(status_of_login(&app, COUNSELLOR, "second+new").await, 200);
}

#[testkit::on_both_databases]
async fn a_change_that_is_refused_leaves_the_password() {
    let app = TestApp::spawn().await;
    let me = app.counsellor().await;
    let mut transcript = Transcript::default();

    for (what, body) in [
        ("a wrong old one", change("demo124", "first new")),
        ("a wrong old one and a short new one", change("demo124", "short")),
        ("a short new one", change("demo123", "1234567")),
        ("a long new one", change("demo123", &"é".repeat(36))),
        ("U+0000 in the new one", change("demo123", "1234567\0")),
        ("nothing", json!({})),
        ("numbers", json!({ "old_password": 1, "new_password": ["x"] })),
        ("a list", json!([])),
    ] {
        transcript.say(what, me.post(PATH, &body)).await;
    }
    transcript.say("no body and no query", me.request("POST", PATH)).await;
    let half = format!("{PATH}?old_password=demo123");
    transcript.say("half a query", me.request("POST", &half)).await;
    let body = me.post(&format!("{PATH}?old_password=demo123&new_password=longenough"), &json!({}));
    transcript.say("a body wins over the query", body).await;
    transcript.check("change_refused");
    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 200);
}

#[testkit::on_both_databases]
async fn a_handed_out_password_has_to_be_changed_only_once() {
    let app = TestApp::spawn().await;
    Behind::of(&app).require_change(COUNSELLOR).await;
    let asked = async |password: &str| {
        let answer = login(&app, COUNSELLOR, password).send().await.unwrap();
        body_of(answer).await["user"]["must_change_password"].clone()
    };
    assert_eq!(asked("demo123").await, true);

    let me = app.counsellor().await;
    me.post(PATH, &change("demo123", "first new")).send().await.unwrap();

    assert_eq!(asked("first new").await, false);
}

#[testkit::on_both_databases]
async fn a_password_change_keeps_its_own_session_valid_throughout() {
    let app = TestApp::spawn().await;
    let me = app.counsellor().await;
    let change = me.post(PATH, &change("demo123", "battery staple")).send();
    let mut change = pin!(change);

    let behind = Behind::of(&app);
    let held = Box::pin(behind.while_writes_are_blocked("sessions", async {
        assert!(timeout(MOMENT, &mut change).await.is_err(), "nothing held the change");
        // Another instance has not cached the session.
        let elsewhere = TestApp::spawn_on(app.database.clone(), &[]).await;
        let answer = elsewhere.get("/api/auth/me").bearer_auth(&me.token).send().await;
        answer.unwrap().status()
    }));

    assert_eq!(held.await, 200);
    assert_eq!(change.await.unwrap().status(), 200);
    assert_eq!(me.get("/api/auth/me").send().await.unwrap().status(), 200);
}

#[testkit::on_both_databases]
async fn one_of_ten_concurrent_changes_from_one_password_succeeds() {
    let app = TestApp::spawn().await;
    let me = app.counsellor().await;
    let mut current = "demo123".to_owned();
    for round in 0..5 {
        let wanted: Vec<_> = (0..10).map(|n| format!("password {round}-{n}")).collect();
        let all = wanted.iter().map(|new| me.post(PATH, &change(&current, new)).send());
        let answers = futures::future::join_all(all).await;
        let statuses: Vec<_> = answers.into_iter().map(|it| it.unwrap().status()).collect();
        let holds: Vec<_> =
            statuses.iter().zip(&wanted).filter(|(status, _)| **status == 200).collect();
        assert_eq!(holds.len(), 1);
        assert!(statuses.iter().all(|it| *it == 200 || *it == 400), "{statuses:?}");
        current.clone_from(holds[0].1);
        assert_eq!(status_of_login(&app, COUNSELLOR, &current).await, 200);
    }
}
