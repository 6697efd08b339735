//! Resetting a forgotten password.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{COUNSELLOR, status_of_login};
use crate::app::{TestApp, body_of};
use crate::behind::Behind;
use crate::transcript::Transcript;

const FORGOT: &str = "/api/auth/forgot-password";
const RESET: &str = "/api/auth/reset-password";

fn forgot(app: &TestApp, email: &str) -> RequestBuilder {
    app.post(FORGOT, &json!({ "email": email }))
}

fn reset(app: &TestApp, token: &str, password: &str) -> RequestBuilder {
    app.post(RESET, &json!({ "token": token, "new_password": password }))
}

async fn status_of_reset(app: &TestApp, token: &str, password: &str) -> u16 {
    reset(app, token, password).send().await.unwrap().status().as_u16()
}

/// A token as the test profile answers it.
async fn token(app: &TestApp) -> String {
    let answer = body_of(forgot(app, COUNSELLOR).send().await.unwrap()).await;
    answer["dev_token"].as_str().expect("a token").to_owned()
}

#[testkit::on_both_databases]
async fn a_token_resets_the_password_once() {
    let app = TestApp::spawn().await;
    let mut transcript = Transcript::default();

    let answer = transcript.say("forgotten", forgot(&app, "Demo.Counselor@example.com")).await;
    let token = answer["dev_token"].as_str().unwrap();
    transcript.say("an unknown address", forgot(&app, "nobody@example.com")).await;
    transcript.say("a short password", reset(&app, token, "1234567")).await;
    transcript.say("a long password", reset(&app, token, &"x".repeat(72))).await;
    transcript.say("the token is still good", reset(&app, token, "first new")).await;
    transcript.say("and used up", reset(&app, token, "second new")).await;
    transcript.say("an unknown token", reset(&app, "unknown", "second new")).await;
    transcript.say("an unknown token, a short password", reset(&app, "", "short")).await;
    transcript.check("reset");

    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 401);
    assert_eq!(status_of_login(&app, COUNSELLOR, "second new").await, 401);
    assert_eq!(status_of_login(&app, COUNSELLOR, "first new").await, 200);
}

#[testkit::on_both_databases]
async fn a_reset_is_asked_for_and_done_by_the_query_too() {
    let app = TestApp::spawn().await;

    let path = format!("{FORGOT}?email=demo.counselor%40example.com");
    let answer = body_of(app.request("POST", &path).send().await.unwrap()).await;
    let token = answer["dev_token"].as_str().unwrap();
    let path = format!("{RESET}?token={token}&new_password=first%20new");
    assert_eq!(app.request("POST", &path).send().await.unwrap().status(), 200);

    assert_eq!(status_of_login(&app, COUNSELLOR, "first new").await, 200);
}

#[testkit::on_both_databases]
async fn what_is_missing_for_a_reset_is_named() {
    let app = TestApp::spawn().await;
    let mut transcript = Transcript::default();

    transcript.say("no address", app.request("POST", FORGOT)).await;
    transcript.say("no address in the body", app.post(FORGOT, &json!({}))).await;
    transcript.say("no address at all", forgot(&app, "demo")).await;
    transcript.say("no token", app.request("POST", RESET)).await;
    transcript.say("no token in the body", app.post(RESET, &json!({}))).await;
    transcript.say("U+0000", reset(&app, "\0", "1234567\0")).await;
    transcript.check("reset_invalid");
}

#[testkit::on_both_databases]
async fn where_answers_carry_no_token_it_comes_by_mail_alone() {
    let app = TestApp::spawn_with(&[("CARDROOM__AUTH__RESET_TOKEN_IN_ANSWER", "false")]).await;

    let unknown = forgot(&app, "nobody@example.com").send().await.unwrap();
    let known = forgot(&app, COUNSELLOR).send().await.unwrap();
    let known = (known.status(), known.text().await.unwrap());
    let unknown = (unknown.status(), unknown.text().await.unwrap());
    assert_eq!(known, unknown);
    let message = r#"{"message":"If the email exists, a password reset link has been sent"}"#;
    assert_eq!(known.1, message);

    let mail = the_mail(&app).await;
    assert!(mail.contains("To: demo.counselor@example.com"), "{mail}");
    assert_eq!(status_of_reset(&app, &token_in(&mail), "first new").await, 200);
    assert_eq!(status_of_login(&app, COUNSELLOR, "first new").await, 200);
}

/// The one mail of the outbox, when it is there.
async fn the_mail(app: &TestApp) -> String {
    for _ in 0..200 {
        let files = std::fs::read_dir(app.outbox.path()).unwrap();
        let mails: Vec<_> = files
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|it| it == "eml"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        match &mails[..] {
            [mail] if mail.contains("nothing to do") => return mail.clone(),
            [] | [_] => tokio::time::sleep(Duration::from_millis(20)).await,
            more => panic!("{} mails", more.len()),
        }
    }
    panic!("no mail came")
}

/// The token of the link in a mail; a line that ends in `=` goes on (RFC 2045, section 6.7).
fn token_in(mail: &str) -> String {
    let text = mail.replace("=\r\n", "").replace("=3D", "=");
    let (_, token) = text.split_once("/reset-password?token=").expect("a link");
    token.chars().take_while(|it| !it.is_whitespace()).collect()
}

#[testkit::on_both_databases]
async fn a_newer_token_replaces_an_older_one_and_time_ends_it() {
    let app = TestApp::spawn().await;
    let (older, newer) = (token(&app).await, token(&app).await);

    assert_eq!(status_of_reset(&app, &older, "first new").await, 400);
    Behind::of(&app).end_reset(COUNSELLOR).await;
    assert_eq!(status_of_reset(&app, &newer, "first new").await, 400);
    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 200);
}

#[testkit::on_both_databases]
async fn a_password_that_was_changed_ends_the_reset() {
    let app = TestApp::spawn().await;
    let token = token(&app).await;
    let change = json!({ "old_password": "demo123", "new_password": "first new" });
    let change = app.counsellor().await.post("/api/auth/change-password", &change);
    assert_eq!(change.send().await.unwrap().status(), 200);

    assert_eq!(status_of_reset(&app, &token, "second new").await, 400);
}

#[testkit::on_both_databases]
async fn of_twenty_resets_by_one_token_at_once_one_succeeds() {
    let app = TestApp::spawn().await;
    for round in 0..10 {
        let token = token(&app).await;
        let wanted: Vec<_> = (0..20).map(|n| format!("password {round}-{n}")).collect();
        let all = wanted.iter().map(|password| status_of_reset(&app, &token, password));
        let statuses = futures::future::join_all(all).await;

        let winners: Vec<_> = (0..20).filter(|n| statuses[*n] == 200).collect();
        assert_eq!(winners.len(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|it| **it == 400).count(), 19, "{statuses:?}");
        assert_eq!(status_of_login(&app, COUNSELLOR, &wanted[winners[0]]).await, 200);
    }
}

#[testkit::on_both_databases]
async fn the_database_knows_a_token_only_by_its_hash() {
    let app = TestApp::spawn().await;
    let token = token(&app).await;

    let kept = Behind::of(&app).reset_token(COUNSELLOR).await.unwrap();
    assert_eq!(kept, Sha256::digest(&token).to_vec());
}
