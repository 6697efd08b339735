//! Bounds of a request besides its body, and of the depth of a body.

use serde_json::json;

use super::fails;
use crate::app::TestApp;
use crate::raw;

#[testkit::on_both_databases]
async fn a_url_is_refused_that_is_longer_than_the_limit() {
    let app = TestApp::spawn_with(&[("CARDROOM__LIMITS__URL_BYTES", "1000")]).await;
    let url = |bytes: usize| format!("/health?{}", "x".repeat(bytes - "/health?".len()));
    assert_eq!(app.get(&url(1000)).send().await.unwrap().status(), 200);
    fails(app.get(&url(1001)), 414, "url_too_long").await;
    fails(app.get(&format!("/{}", "x".repeat(5000))), 414, "url_too_long").await;
    // An invalid URL is refused earlier.
    let endless = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(100_000));
    let answer = raw::send(&app, endless).await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[testkit::on_both_databases]
async fn headers_are_refused_that_are_longer_than_the_limit_or_more_than_96() {
    let app = TestApp::spawn_with(&[("CARDROOM__LIMITS__HEADERS_BYTES", "4096")]).await;
    let one = |bytes: usize| app.get("/health").header("x-padding", "x".repeat(bytes));
    assert_eq!(one(3000).send().await.unwrap().status(), 200);
    fails(one(5000), 431, "headers_too_large").await;
    let many =
        (0..80).fold(app.get("/health"), |it, n| it.header(format!("x-{n}"), "x".repeat(60)));
    fails(many, 431, "headers_too_large").await;

    let head = |lines: &str| format!("GET /health HTTP/1.1\r\nhost: x\r\n{lines}\r\n");
    let crowd = "x-crowd: 1\r\n".repeat(200);
    let answer = raw::send(&app, head(&crowd)).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let answer = raw::send(&app, head(&format!("x: {}\r\n", "x".repeat(300_000)))).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(app.get("/health").send().await.unwrap().status(), 200);
}

const MERGE_PATCH: &str = "application/merge-patch+json";

/// Every route that takes a body, and how deep the JSON in it may be: that of a state is counted from
/// the state, and serde reads 127 levels.
#[testkit::on_both_databases]
async fn each_route_has_a_depth_that_a_body_does_not_exceed() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let state = format!("/api/rooms/{}/gameplay-states/love", room.id);
    let join = format!("/api/visitors/join-room/{}", room.code);
    let id = &room.id;
    for (method, path, key, deepest) in [
        ("PUT", state.as_str(), "state", 64),
        ("PATCH", state.as_str(), "operations", 64),
        ("POST", "/api/auth/login", "email", 126),
        ("POST", "/api/auth/register", "email", 126),
        ("POST", "/api/auth/change-password", "old_password", 126),
        ("POST", "/api/auth/forgot-password", "email", 126),
        ("POST", "/api/auth/reset-password", "token", 126),
        ("POST", "/api/rooms", "name", 126),
        ("PUT", &format!("/api/rooms/{id}"), "name", 126),
        ("POST", &join, "name", 126),
    ] {
        let nested = |depth: usize| {
            let inner = r#"{"a":"#.repeat(depth) + "1" + &"}".repeat(depth);
            let request = counsellor.request(method, path);
            let media = if method == "PATCH" { MERGE_PATCH } else { "application/json" };
            request.header("content-type", media).body(format!("{{\"{key}\":{inner}}}"))
        };
        let answer = fails(nested(deepest + 1), 422, "validation_error").await;
        let said = answer["detail"].to_string();
        assert!(
            said.contains("nested") || said.contains("json_invalid"),
            "{method} {path}: {said}"
        );
        for depth in [1000, 20_000] {
            let status = nested(depth).send().await.unwrap().status();
            assert!([413, 422].contains(&status.as_u16()), "{method} {path} {depth}: {status}");
        }
    }
    let kept = counsellor.put(&state, &json!({ "state": {} })).send().await.unwrap();
    assert_eq!(kept.status(), 200);
}
