//! Unknown paths, and unusual ones.

use serde_json::Value;

use super::fails;
use crate::app::TestApp;
use crate::raw;
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn an_unknown_path_is_not_found_with_any_method() {
    let app = TestApp::spawn().await;
    let mut transcript = Transcript::default();
    transcript.say("nothing there", app.get("/api/nothing")).await;
    transcript.say("a wrong method", app.request("DELETE", "/api/rooms")).await;
    transcript.check("not_found");

    for method in ["GET", "POST", "DELETE", "OPTIONS", "BREW"] {
        for path in [
            "/api",
            "/api/",
            "/api/rooms/x/y",
            "/API/ROOMS",
            "/api/auth/refresh/x",
            "/uploads/x",
            "/favicon.ico",
            "/api/openapi.json/x",
            "/%2e%2e/etc/passwd",
            "/api%2Frooms",
        ] {
            let body = fails(app.request(method, path), 404, "not_found").await;
            assert_eq!(body["detail"], "Not Found");
        }
    }
}

#[testkit::on_both_databases]
async fn u0000_and_invalid_utf8_in_a_path_or_query_are_refused() {
    let app = TestApp::spawn().await;
    let me = app.counsellor().await;
    for (request, place) in [
        (me.get("/api/rooms/%00"), "path"),
        (me.get("/api/rooms/%FF%FE"), "path"),
        (me.get("/api/visitors/%00"), "path"),
        (app.get("/api/rooms/by-code/%00"), "path"),
        (app.get("/api/game-rules/by-slug/%00"), "path"),
        (me.get("/api/rooms/5f0c9a52-4a5e-4b9f-9c1f-0d6a3c1b7e42/gameplay-states/%00"), "path"),
        (me.get("/api/rooms?include_inactive=%00"), "query"),
        (me.get("/api/rooms?include_inactive=%FF"), "query"),
        (app.request("POST", "/api/auth/forgot-password?email=a%00@example.com"), "query"),
        (
            app.request("POST", "/api/auth/reset-password?token=%00&new_password=longenough"),
            "query",
        ),
    ] {
        let body = fails(request, 422, "validation_error").await;
        assert_eq!(body["detail"][0]["loc"][0], place, "{body}");
    }
}

#[testkit::on_both_databases]
async fn no_path_or_query_causes_a_500() {
    let app = TestApp::spawn().await;
    let me = app.counsellor().await;
    for path in [
        "/api/rooms/by-code/%F0%9F%83%8F".to_owned(),
        "/api/rooms/by-code/%FF".to_owned(),
        "/api/rooms/by-code/'%20OR%201=1--".to_owned(),
        format!("/api/rooms/by-code/{}", "A".repeat(8000)),
        format!("/api/game-rules/by-slug/{}", "%E2%98%83".repeat(2000)),
        "/api/rooms?include_inactive".to_owned(),
        "/api/rooms?include_inactive=1&include_inactive=0".to_owned(),
        "/api/rooms?=&&=x&%".to_owned(),
        "/api/rooms?include_inactive=%ZZ".to_owned(),
        "//api//rooms".to_owned(),
        "/api/rooms//".to_owned(),
        "/?x=%00".to_owned(),
    ] {
        let answer = me.get(&path).send().await.unwrap();
        assert!(answer.status().as_u16() < 500, "{path}: {}", answer.status());
    }
    for line in ["GET /api/rooms/\u{e9} HTTP/1.1", "GET http://x/health HTTP/1.1", "GET * HTTP/1.1"]
    {
        let answer =
            raw::send(&app, format!("{line}\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 "), "{line}: {answer}");
        assert!(!answer.starts_with("HTTP/1.1 5"), "{line}: {answer}");
    }
}

#[testkit::on_both_databases]
async fn ids_are_read_in_every_customary_spelling_and_a_bad_one_is_named() {
    let app = TestApp::spawn().await;
    for id in [
        "5f0c9a52-4a5e-4b9f-9c1f-0d6a3c1b7e42",
        "5F0C9A52-4A5E-4B9F-9C1F-0D6A3C1B7E42",
        "5f0c9a524a5e4b9f9c1f0d6a3c1b7e42",
        "%7B5f0c9a52-4a5e-4b9f-9c1f-0d6a3c1b7e42%7D",
    ] {
        fails(app.get(&format!("/api/rooms/{id}")), 404, "room_not_found").await;
    }
    let body = fails(app.get("/api/rooms/42"), 422, "validation_error").await;
    let issue = &body["detail"][0];
    assert_eq!(issue["type"], "uuid_parsing");
    assert_eq!(issue["loc"], serde_json::json!(["path", "room_id"]));
    assert_eq!(issue["input"], "42");
    assert!(matches!(&issue["ctx"]["error"], Value::String(_)), "{issue}");
}
