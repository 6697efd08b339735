//! Logging in.

use serde_json::{Value, json};

use super::{COUNSELLOR, login, status_of_login};
use crate::app::{TestApp, body_of};
use crate::behind::Behind;
use crate::transcript::Transcript;

const OTHER: &str = "demo.counselor2@example.com";

#[testkit::on_both_databases]
async fn logging_in_answers_as_the_earlier_backend_did_and_more() {
    let app = TestApp::spawn().await;
    Behind::of(&app).deactivate(OTHER).await;
    let mut transcript = Transcript::default();

    for (what, email, password) in [
        ("the right password", COUNSELLOR, "demo123"),
        (
            "an administrator, whose address is typed in capitals",
            "Demo.ADMIN@Example.COM",
            "demo123",
        ),
        ("a name and blanks around the address", " Alex <demo.client@example.com> ", "demo123"),
        ("a wrong password", COUNSELLOR, "demo124"),
        ("no password", COUNSELLOR, ""),
        ("an unknown address", "nobody@example.com", "demo123"),
        ("an inactive account", OTHER, "demo123"),
        ("an inactive account and a wrong password", OTHER, "demo124"),
    ] {
        transcript.say(what, login(&app, email, password)).await;
    }
    transcript.check("login");
}

#[testkit::on_both_databases]
async fn an_invalid_login_is_answered_with_every_fault() {
    let app = TestApp::spawn().await;
    let mut transcript = Transcript::default();

    for (what, body) in [
        ("nothing", json!({})),
        ("no password", json!({ "email": COUNSELLOR })),
        ("no address", json!({ "password": "demo123", "more": true })),
        ("numbers", json!({ "email": 1, "password": 2 })),
        ("null", json!({ "email": null, "password": null })),
        ("no @", json!({ "email": "demo", "password": "demo123" })),
        ("a domain that gets no mail", json!({ "email": "ada@localhost.test", "password": "x" })),
        ("U+0000", json!({ "email": "a\0@example.com", "password": "demo\u{0}123" })),
        ("a list", json!(["email"])),
        ("a text", json!("email")),
    ] {
        transcript.say(what, app.post("/api/auth/login", &body)).await;
    }
    transcript.say("no body", app.request("POST", "/api/auth/login")).await;
    transcript.check("login_invalid");
}

#[testkit::on_both_databases]
async fn an_unknown_address_is_answered_like_a_wrong_password() {
    let app = TestApp::spawn().await;

    let answers = [(COUNSELLOR, "demo124"), ("nobody@example.com", "demo123")];
    let mut bodies = Vec::new();
    for (email, password) in answers {
        let answer = login(&app, email, password).send().await.unwrap();
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        let mut body = body_of(answer).await;
        let id = body.as_object_mut().unwrap().remove("request_id");
        assert!(id.is_some_and(|id| id.is_string()));
        bodies.push(body);
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[testkit::on_both_databases]
async fn the_bytes_of_a_password_that_bcrypt_ignores_count_too() {
    let app = TestApp::spawn().await;
    // 72 x, hashed by Python's bcrypt, which ignores further bytes.
    let kept = "$2b$04$M4PiSupnQGNQtSxQy6F.oucQCjXxbNp1OkbireokzQ6Yx4ZXHeSQm";
    Behind::of(&app).import("ada@example.com", kept).await;

    assert_eq!(status_of_login(&app, "ada@example.com", &"x".repeat(73)).await, 401);
    assert_eq!(status_of_login(&app, "ada@example.com", &"x".repeat(10_000)).await, 401);
    assert_eq!(status_of_login(&app, "ada@example.com", &"x".repeat(72)).await, 200);
}

#[testkit::on_both_databases]
async fn an_access_token_names_its_account_and_its_expiry() {
    let app = TestApp::spawn().await;

    let answer = body_of(login(&app, COUNSELLOR, "demo123").send().await.unwrap()).await;
    let token = answer["access_token"].as_str().unwrap();
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(token).unwrap();

    let lifetime = claims.claims["exp"].as_i64().unwrap() - chrono::Utc::now().timestamp();
    let promised = answer["expires_in"].as_i64().unwrap();
    assert!((promised - 5..=promised).contains(&lifetime), "{lifetime} of {promised}");
    assert_eq!(serde_json::to_value(&claims.header).unwrap()["alg"], "HS256");
    let header = serde_json::to_value(&claims.header).unwrap();
    assert_eq!((&header["typ"], header["kid"].is_string()), (&json!("at+jwt"), true));
    let session = claims.claims["sid"].as_str().unwrap();
    let expected = json!({
        "sub": "00000000-0000-0000-0001-000000000001",
        "email": COUNSELLOR,
        "roles": ["counselor"],
        "iat": claims.claims["exp"].as_i64().unwrap() - promised,
        "exp": claims.claims["exp"],
        "jti": format!("{session}.1"),
        "sid": session,
        "iss": "cardroom",
        "aud": "cardroom-api",
    });
    assert_eq!(claims.claims, expected);
}
