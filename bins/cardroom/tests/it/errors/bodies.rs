//! Bodies that are too large, no JSON, or no text.

use std::io::Write;

use serde_json::json;

use super::fails;
use crate::app::TestApp;
use crate::raw;
use crate::transcript::Transcript;

const LOGIN: &str = "/api/auth/login";

/// `limits.body_bytes` of the test profile.
const LIMIT: usize = 65_536;

/// A log-in of this size; the password pads it.
fn login_of(bytes: usize) -> String {
    let frame = r#"{"email":"demo.counselor@example.com","password":""}"#.len();
    let password = "x".repeat(bytes - frame);
    format!(r#"{{"email":"demo.counselor@example.com","password":"{password}"}}"#)
}

#[testkit::on_both_databases]
async fn a_body_that_is_no_json_is_refused_with_its_position_for_every_caller() {
    let app = TestApp::spawn().await;
    let mut transcript = Transcript::default();
    let post = |path: &str, body: &'static [u8]| {
        app.request("POST", path).header("content-type", "application/json").body(body)
    };

    for (what, body) in [
        ("no JSON", b"email".as_slice()),
        ("a brace too few", br#"{"email":"a@example.com""#),
        ("a comma too many", br#"{"email":"a@example.com",}"#),
        ("the second line", b"{\n  \"email\": x\n}"),
        ("two values", b"{} {}"),
        ("blanks alone", b"  \n "),
        ("NaN", br#"{"email":NaN}"#),
        ("a control character in a text", b"{\"email\":\"a\x01\"}"),
        ("half a surrogate pair", br#"{"email":"\ud800"}"#),
    ] {
        transcript.say(what, post(LOGIN, body)).await;
    }
    transcript.say("before who asks", post("/api/rooms", b"{")).await;
    transcript.check("json_invalid");
}

#[testkit::on_both_databases]
async fn bytes_that_are_no_text_are_no_json() {
    let app = TestApp::spawn().await;
    for body in [
        b"{\"email\":\"\xff\",\"password\":\"x\"}".as_slice(),
        b"{\"email\":\"a\xc3\",\"password\":\"x\"}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b"\0",
    ] {
        let request = app.request("POST", LOGIN).header("content-type", "application/json");
        let answer = fails(request.body(body), 422, "validation_error").await;
        assert_eq!(answer["detail"][0]["type"], "json_invalid", "{answer}");
        assert_eq!(answer["detail"][0]["loc"][0], "body");
    }
}

#[testkit::on_both_databases]
async fn a_body_may_be_as_large_as_the_limit_and_no_larger() {
    let app = TestApp::spawn().await;
    let announced = |bytes| {
        let body = login_of(bytes);
        raw::login(&format!("content-length: {}", body.len()), body.as_bytes())
    };
    let chunked = |bytes| {
        let mut chunks = Vec::new();
        for chunk in login_of(bytes).as_bytes().chunks(1000) {
            write!(chunks, "{:x}\r\n", chunk.len()).unwrap();
            chunks.extend_from_slice(chunk);
            chunks.extend_from_slice(b"\r\n");
        }
        chunks.extend_from_slice(b"0\r\n\r\n");
        raw::login("transfer-encoding: chunked", &chunks)
    };
    for (at_the_limit, above) in [
        (announced(LIMIT), announced(LIMIT + 1)),
        (chunked(LIMIT), chunked(LIMIT + 1)),
        (chunked(LIMIT), chunked(LIMIT * 20)),
    ] {
        let answer = raw::send(&app, at_the_limit).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        let answer = raw::send(&app, above).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains(r#""code":"payload_too_large""#), "{answer}");
        assert!(answer.contains("larger than 65536 bytes"), "{answer}");
    }
    // The body is announced and never sent: the answer does not wait for it.
    let answer = raw::send(&app, raw::login("content-length: 1000000000", b"{")).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    fails(app.request("POST", LOGIN).body(login_of(LIMIT + 1)), 413, "payload_too_large").await;
}

#[testkit::on_both_databases]
async fn a_body_of_another_type_is_refused() {
    let app = TestApp::spawn().await;
    let good = json!({ "email": "demo.counselor@example.com", "password": "demo123" }).to_string();
    let of_type =
        |kind: &str| app.request("POST", LOGIN).header("content-type", kind).body(good.clone());
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""]
    {
        fails(of_type(kind), 415, "unsupported_media_type").await;
    }
    for kind in ["application/json", "APPLICATION/JSON; charset=utf-8", "application/vnd.api+json"]
    {
        assert_eq!(of_type(kind).send().await.unwrap().status(), 200, "{kind}");
    }
    let without = app.request("POST", LOGIN).body(good.clone());
    assert_eq!(without.send().await.unwrap().status(), 200);
}

#[testkit::on_both_databases]
async fn endless_nesting_is_no_json_and_does_no_harm() {
    let app = TestApp::spawn().await;
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), ("[", "")] {
        for depth in [200, 10_000] {
            let body = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let request = app.request("POST", LOGIN).header("content-type", "application/json");
            let answer = fails(request.body(body), 422, "validation_error").await;
            assert_eq!(answer["detail"][0]["type"], "json_invalid", "{depth} {open}");
        }
    }
    assert_eq!(app.get("/health").send().await.unwrap().status(), 200);
}

#[testkit::on_both_databases]
async fn a_body_that_breaks_off_is_answered_or_dropped_and_the_server_lives() {
    let app = TestApp::spawn().await;
    for request in [
        raw::login("transfer-encoding: chunked", b"zz\r\n"),
        raw::login("transfer-encoding: chunked", b"5\r\n{\"a\"\r\n0\r\n\r\n"),
        raw::login("content-length: -1", b"{}"),
        raw::login("content-length: 2\r\ncontent-length: 3", b"{}"),
    ] {
        let answer = raw::send(&app, request).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(app.get("/health").send().await.unwrap().status(), 200);
}

#[testkit::on_both_databases]
async fn only_the_first_hundred_faults_are_named() {
    let app = TestApp::spawn().await;
    let roles = vec![0; 20_000];
    let body =
        json!({ "email": "x", "password": "long enough", "full_name": "Ada", "roles": roles });
    let answer = fails(app.post("/api/auth/register", &body), 422, "validation_error").await;
    let issues = answer["detail"].as_array().unwrap();
    assert_eq!(issues.len(), 100);
    assert_eq!(issues[1]["loc"], json!(["body", "roles", 0]));
}
