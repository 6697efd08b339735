//! The headers of successful and failed answers.

use reqwest::Response;
use serde_json::json;

use crate::app::TestApp;

/// Answers of all kinds, and the status of each.
async fn answers(app: &TestApp) -> Vec<(u16, Response)> {
    let requests = [
        (200, app.get("/health")),
        (401, app.get("/api/auth/me")),
        (404, app.get("/nowhere")),
        (405, app.request("DELETE", "/health")),
        (413, app.request("POST", "/api/auth/login").body("x".repeat(100_000))),
        (
            415,
            app.request("POST", "/api/auth/login").header("content-type", "text/plain").body("x"),
        ),
        (422, app.post("/api/auth/login", &json!({}))),
    ];
    let mut answers = Vec::new();
    for (status, request) in requests {
        let answer = request.header("origin", "http://localhost:3000").send().await.unwrap();
        assert_eq!(answer.status(), status);
        answers.push((status, answer));
    }
    answers
}

#[testkit::on_both_databases]
async fn every_answer_forbids_framing_sniffing_and_caching() {
    let app = TestApp::spawn().await;
    for (status, answer) in answers(&app).await {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            let found: Vec<_> = answer.headers().get_all(name).iter().collect();
            assert_eq!(found, [value], "{name} of a {status}");
        }
        assert!(!answer.headers().contains_key("server"), "{status}");
        assert!(!answer.headers().contains_key("strict-transport-security"), "{status}");
    }
}

#[testkit::on_both_databases]
async fn outside_development_answers_carry_hsts() {
    let secret = "a secret of the tests, long enough to sign with";
    let app = TestApp::spawn_with(&[
        ("CARDROOM_PROFILE", "staging"),
        ("CARDROOM__AUTH__BCRYPT_COST", "4"),
        ("JWT_SECRET", secret),
    ])
    .await;
    for path in ["/health", "/nowhere"] {
        let answer = app.get(path).send().await.unwrap();
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    }
}

#[testkit::on_both_databases]
async fn every_answer_has_an_id_of_its_own() {
    let app = TestApp::spawn().await;
    let mut seen = std::collections::HashSet::new();
    for (status, answer) in answers(&app).await {
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert!(id.parse::<uuid::Uuid>().is_ok(), "{status}: {id}");
        assert!(seen.insert(id), "{status}");
    }
}

#[testkit::on_both_databases]
async fn a_clients_own_id_is_kept_when_it_is_harmless() {
    let app = TestApp::spawn().await;
    let echoed = async |path: &str, id: &str| {
        let answer = app.get(path).header("x-request-id", id).send().await.unwrap();
        let header = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let body: serde_json::Value = answer.json().await.unwrap();
        if path == "/nowhere" {
            assert_eq!(body["request_id"], header);
        }
        header
    };
    for path in ["/health", "/nowhere"] {
        assert_eq!(echoed(path, "checkout-42").await, "checkout-42");
        for id in ["short", "a line\u{9}break", "\"quoted-id\"", &"x".repeat(65)] {
            let new = echoed(path, id).await;
            assert!(new.parse::<uuid::Uuid>().is_ok(), "{id:?} became {new}");
        }
    }
}
