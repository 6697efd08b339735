//! Secrets in refused input.

use reqwest::RequestBuilder;
use serde_json::json;

use crate::app::{TestApp, ask};

const SECRET: &str = "s3cret-s3cret";

#[testkit::on_both_databases]
async fn no_route_repeats_a_secret_of_refused_input() {
    let app = TestApp::spawn().await;
    let (admin, counsellor) = (app.admin().await, app.counsellor().await);
    let one = json!([SECRET]);
    let requests: Vec<RequestBuilder> = vec![
        app.post("/api/auth/login", &json!({ "password": SECRET })),
        app.post("/api/auth/login", &json!({ "email": "ada@example.com", "password": one })),
        app.post("/api/auth/register", &json!({ "email": "x", "password": SECRET })),
        app.post("/api/auth/register", &json!({ "email": "x", "password": { "is": SECRET } })),
        counsellor.post("/api/auth/change-password", &json!({ "old_password": SECRET })),
        counsellor.post("/api/auth/change-password", &json!({ "new_password": SECRET })),
        counsellor.post(
            "/api/auth/change-password",
            &json!({ "old_password": one, "new_password": one }),
        ),
        counsellor.request("POST", &format!("/api/auth/change-password?old_password={SECRET}")),
        counsellor.request("POST", &format!("/api/auth/change-password?new_password={SECRET}")),
        app.post("/api/auth/reset-password", &json!({ "token": SECRET })),
        app.post("/api/auth/reset-password", &json!({ "new_password": SECRET })),
        app.post("/api/auth/reset-password", &json!({ "token": one, "new_password": one })),
        app.request("POST", &format!("/api/auth/reset-password?token={SECRET}")),
        app.request("POST", &format!("/api/auth/reset-password?new_password={SECRET}")),
        app.post("/api/auth/refresh", &json!({ "refresh_token": one })),
        app.post("/api/auth/logout", &json!({ "refresh_token": one })),
        admin.post("/api/admin/users/batch", &json!({ "users": [{ "password": SECRET }] })),
        admin.post("/api/admin/users/batch", &json!({ "users": { "password": SECRET } })),
        admin.post(
            "/api/admin/users/batch",
            &json!({ "users": [{ "email": "a", "password": one }] }),
        ),
    ];
    for request in requests {
        let asked = format!("{request:?}");
        let (status, body) = ask(request).await;
        assert_eq!(status, 422, "{asked}: {body}");
        assert!(!body.to_string().contains(SECRET), "{asked}: {body}");
    }
}
