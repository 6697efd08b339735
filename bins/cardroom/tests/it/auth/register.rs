//! Registering.

use serde_json::{Value, json};

use super::{COUNSELLOR, status_of_login};
use crate::app::TestApp;
use crate::behind::Behind;
use crate::transcript::Transcript;

const PATH: &str = "/api/auth/register";

fn registration(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password, "full_name": "Ada Lovelace" })
}

#[testkit::on_both_databases]
async fn both_spellings_of_a_domain_are_one_account() {
    let app = TestApp::spawn().await;
    let [unicode, ascii] = ["Ada@Bücher.example", "ada@xn--bcher-kva.example"];
    let register = |email: &str| {
        let body = json!({ "email": email, "password": "TestPassword123!", "full_name": "Ada" });
        app.post("/api/auth/register", &body).send()
    };
    assert_eq!(register(unicode).await.unwrap().status(), 201);
    assert_eq!(register(ascii).await.unwrap().status(), 409);
    for email in [unicode, ascii, "ada@BÜCHER.example"] {
        assert_eq!(status_of_login(&app, email, "TestPassword123!").await, 200, "{email}");
    }

    // An account from before spellings of a domain were normalized.
    let hash = Behind::of(&app).hash("ada@xn--bcher-kva.example").await;
    Behind::of(&app).import("eve@bücher.example", &hash).await;
    for email in ["eve@bücher.example", "eve@xn--bcher-kva.example"] {
        assert_eq!(register(email).await.unwrap().status(), 409);
        assert_eq!(status_of_login(&app, email, "TestPassword123!").await, 200, "{email}");
    }
}

#[testkit::on_both_databases]
async fn registering_answers_like_logging_in() {
    let app = TestApp::spawn().await;
    let mut transcript = Transcript::default();
    let with = |key: &str, value: Value| {
        let mut body = registration("grace@example.com", "correct horse");
        body[key] = value;
        body
    };

    for (what, body) in [
        ("a newcomer", registration("Ada@Example.com", "correct horse")),
        ("the same address in other letters", registration("ADA@example.com", "correct horse")),
        ("a demo account's address", registration(COUNSELLOR, "correct horse")),
        ("as an administrator", with("roles", json!(["counselor", "admin"]))),
        ("a short password", with("password", json!("1234567"))),
        ("a long password", with("password", json!("x".repeat(72)))),
        ("roles of one's own", with("roles", json!(["client", "observer", "client"]))),
        ("nothing", json!({})),
        ("an unknown role", with("roles", json!(["wizard", 1]))),
        ("no list of roles", with("roles", json!("client"))),
        ("no name", with("full_name", json!(""))),
        ("a long name", with("full_name", json!("x".repeat(201)))),
    ] {
        transcript.say(what, app.post(PATH, &body)).await;
    }
    transcript.check("register");
    assert_eq!(status_of_login(&app, "ada@example.com", "correct horse").await, 200);
    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 200);
}

#[testkit::on_both_databases]
async fn registration_is_refused_where_it_is_closed() {
    let app = TestApp::spawn_with(&[("CARDROOM__AUTH__REGISTRATION", "false")]).await;
    let mut transcript = Transcript::default();

    let body = registration("ada@example.com", "correct horse");
    transcript.say("a newcomer", app.post(PATH, &body)).await;
    transcript
        .say("a demo account's address", app.post(PATH, &registration(COUNSELLOR, "12345678")))
        .await;
    transcript.check("register_closed");
    assert_eq!(status_of_login(&app, "ada@example.com", "correct horse").await, 401);
}

#[testkit::on_both_databases]
async fn one_of_twenty_concurrent_registrations_of_an_address_succeeds() {
    let app = TestApp::spawn().await;
    for round in 0..5 {
        let email = format!("ada{round}@example.com");
        let body = registration(&email, "correct horse");
        let all = (0..20).map(|_| app.post(PATH, &body).send());
        let answers = futures::future::join_all(all).await;
        let mut statuses: Vec<u16> =
            answers.into_iter().map(|it| it.unwrap().status().as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses[0], 201, "{statuses:?}");
        assert_eq!(statuses[1..], [409; 19], "{statuses:?}");
    }
}
