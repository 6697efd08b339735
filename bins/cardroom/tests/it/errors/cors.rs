//! Which answers pages of other origins may read.

use reqwest::{RequestBuilder, Response};
use serde_json::json;

use crate::app::TestApp;

const OURS: &str = "http://localhost:3000";
const FOREIGN: &str = "https://evil.example";

async fn from(origin: &str, request: RequestBuilder) -> Response {
    request.header("origin", origin).send().await.unwrap()
}

fn requests(app: &TestApp) -> [(u16, RequestBuilder); 7] {
    [
        (200, app.get("/health")),
        (401, app.get("/api/auth/me")),
        (404, app.get("/nowhere")),
        (405, app.request("DELETE", "/health")),
        (413, app.request("POST", "/api/auth/login").body("x".repeat(100_000))),
        (422, app.post("/api/auth/login", &json!({}))),
        (400, app.post("/api/auth/reset-password", &json!({ "token": "x", "new_password": "y" }))),
    ]
}

#[testkit::on_both_databases]
async fn our_own_pages_may_read_every_answer() {
    let app = TestApp::spawn().await;
    for (status, request) in requests(&app) {
        let answer = from(OURS, request).await;
        assert_eq!(answer.status(), status);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_lowercase();
        assert_eq!(header("access-control-allow-origin"), OURS);
        assert_eq!(header("access-control-allow-credentials"), "true");
        assert!(header("vary").contains("origin"), "{status}: {}", header("vary"));
        assert!(header("access-control-expose-headers").contains("x-request-id"));
    }
}

#[testkit::on_both_databases]
async fn foreign_pages_may_read_none() {
    let app = TestApp::spawn().await;
    for origin in [FOREIGN, "null", "http://localhost:3000.evil.example", "http://localhost:9999"] {
        for (status, request) in requests(&app) {
            let answer = from(origin, request).await;
            assert_eq!(answer.status(), status, "{origin}");
            assert!(!answer.headers().contains_key("access-control-allow-origin"), "{origin}");
        }
    }
}

async fn preflight(app: &TestApp, origin: &str, path: &str) -> Response {
    let request = app
        .request("OPTIONS", path)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "authorization, content-type");
    from(origin, request).await
}

#[testkit::on_both_databases]
async fn a_preflight_is_answered_for_our_pages_alone() {
    let app = TestApp::spawn().await;
    for path in ["/api/rooms/42", "/api/rooms/", "/nowhere"] {
        let answer = preflight(&app, OURS, path).await;
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_lowercase();
        assert_eq!(header("access-control-allow-origin"), OURS);
        assert_eq!(header("access-control-allow-credentials"), "true");
        assert_eq!(header("access-control-max-age"), "600");
        let headers = header("access-control-allow-headers");
        assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");
        for method in ["get", "post", "put", "patch", "delete"] {
            assert!(header("access-control-allow-methods").contains(method), "{method}");
        }
    }
    let refused = preflight(&app, FOREIGN, "/api/rooms/42").await;
    assert!(!refused.headers().contains_key("access-control-allow-origin"));
}
