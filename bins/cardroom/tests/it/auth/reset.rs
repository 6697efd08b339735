//! Resetting a forgotten password.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use super::{ADMIN, COUNSELLOR, status_of_login};
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

/// A token; the test profile returns it in the answer.
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
async fn a_reset_is_requested_and_done_by_the_query_too() {
    let app = TestApp::spawn().await;

    let path = format!("{FORGOT}?email=demo.counselor%40example.com");
    let answer = body_of(app.request("POST", &path).send().await.unwrap()).await;
    let token = answer["dev_token"].as_str().unwrap();
    let path = format!("{RESET}?token={token}&new_password=first%20new");
    assert_eq!(app.request("POST", &path).send().await.unwrap().status(), 200);

    assert_eq!(status_of_login(&app, COUNSELLOR, "first new").await, 200);
}

#[testkit::on_both_databases]
async fn missing_fields_of_a_reset_are_named() {
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
async fn the_token_is_sent_by_mail_only_unless_answers_carry_it() {
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

/// Waits for the only mail of the outbox.
async fn the_mail(app: &TestApp) -> String {
    for _ in 0..200 {
        match &mails(app)[..] {
            [mail] => return mail.clone(),
            [] => tokio::time::sleep(Duration::from_millis(20)).await,
            more => panic!("{} mails", more.len()),
        }
    }
    panic!("no mail came")
}

/// The mails of the outbox that are written completely.
fn mails(app: &TestApp) -> Vec<String> {
    let files = std::fs::read_dir(app.outbox.path()).unwrap();
    files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "eml"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .filter(|mail| mail.contains("nothing to do"))
        .collect()
}

/// The token of the link in a mail; a line that ends in `=` continues (RFC 2045, section 6.7).
fn token_in(mail: &str) -> String {
    let text = mail.replace("=\r\n", "").replace("=3D", "=");
    let (_, token) = text.split_once("/reset-password?token=").expect("a link");
    token.chars().take_while(|it| !it.is_whitespace()).collect()
}

#[testkit::on_both_databases]
async fn a_reset_token_expires_and_is_not_replaced_by_a_newer_one() {
    let app = TestApp::spawn().await;
    let (older, newer) = (token(&app).await, token(&app).await);
    assert_eq!(status_of_reset(&app, &older, "first new").await, 200);
    assert_eq!(status_of_login(&app, COUNSELLOR, "first new").await, 200);
    // A new password ends every token that was issued before.
    assert_eq!(status_of_reset(&app, &newer, "second new").await, 400);

    let third = token(&app).await;
    Behind::of(&app).end_resets().await;
    assert_eq!(status_of_reset(&app, &third, "second new").await, 400);
    assert_eq!(status_of_login(&app, COUNSELLOR, "first new").await, 200);
}

#[testkit::on_both_databases]
async fn forty_requests_for_one_account_send_three_mails_whose_links_all_work() {
    let app = TestApp::spawn_with(&[("CARDROOM__AUTH__RESET_TOKEN_IN_ANSWER", "false")]).await;
    let before = mails(&app).len();
    let requests = (0..40).map(|_| forgot(&app, COUNSELLOR).send());
    for answer in futures::future::join_all(requests).await {
        assert_eq!(answer.unwrap().status(), 200);
    }
    // Another account's mail is sent after them.
    assert_eq!(forgot(&app, ADMIN).send().await.unwrap().status(), 200);
    let mut sent = Vec::new();
    for _ in 0..500 {
        sent = mails(&app);
        if sent.iter().any(|it| it.contains("To: demo.admin@example.com")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    sent.extend(mails(&app));
    sent.sort();
    sent.dedup();
    let tokens: Vec<_> = sent
        .iter()
        .filter(|it| it.contains("To: demo.counselor@example.com"))
        .map(|it| token_in(it))
        .collect();
    assert_eq!((before, tokens.len()), (0, 3));
    // An invalid password does not use the token up, and is reported only for a valid token.
    for token in &tokens {
        let answer = body_of(reset(&app, token, "short").send().await.unwrap()).await;
        assert_eq!(answer["code"], "password_too_short");
    }
    assert_eq!(status_of_reset(&app, &tokens[0], "first new").await, 200);
    // An expired token frees its slot.
    assert_eq!(forgot(&app, COUNSELLOR).send().await.unwrap().status(), 200);
}

#[testkit::on_both_databases]
async fn a_request_whose_mail_cannot_be_queued_takes_no_slot() {
    // A mail server that accepts connections and never answers: one mail is being sent, 256 wait.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://127.0.0.1:{}", silent.local_addr().unwrap().port());
    let app = TestApp::spawn_with(&[
        ("CARDROOM__MAIL__TRANSPORT", "smtp"),
        ("CARDROOM__MAIL__SMTP_URL", &url),
    ])
    .await;
    let behind = Behind::of(&app);
    let hash = behind.hash(COUNSELLOR).await;
    let mut tokens = 0;
    for n in 0..90 {
        let email = format!("ada{n}@example.com");
        behind.import(&email, &hash).await;
        let requests = (0..3).map(|_| forgot(&app, &email).send());
        for answer in futures::future::join_all(requests).await {
            let answer = body_of(answer.unwrap()).await;
            tokens += usize::from(answer["dev_token"].is_string());
        }
    }
    assert!((256..=257).contains(&tokens), "{tokens} tokens");
    assert_eq!(behind.reset_hashes().await.len(), tokens);
}

#[cfg(unix)]
#[testkit::on_both_databases]
async fn only_the_owner_of_the_process_reads_a_mail_of_the_outbox() {
    use std::os::unix::fs::PermissionsExt as _;
    let app = TestApp::spawn_with(&[("CARDROOM__AUTH__RESET_TOKEN_IN_ANSWER", "false")]).await;
    assert_eq!(forgot(&app, COUNSELLOR).send().await.unwrap().status(), 200);
    the_mail(&app).await;
    for file in std::fs::read_dir(app.outbox.path()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
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
async fn one_of_twenty_concurrent_resets_with_one_token_succeeds() {
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
async fn the_database_stores_only_the_hash_of_a_reset_token() {
    let app = TestApp::spawn().await;
    let token = token(&app).await;

    let stored = Behind::of(&app).reset_hashes().await;
    assert_eq!(stored, [Sha256::digest(&token).to_vec()]);
}
