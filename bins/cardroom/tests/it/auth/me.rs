//! The account of the caller.

use serde_json::json;

use super::tokens::{LEGACY, signed};
use super::{ADMIN, COUNSELLOR};
use crate::app::{TestApp, body_of};
use crate::behind::Behind;
use crate::client::Counsellor;
use crate::transcript::Transcript;

const PATH: &str = "/api/auth/me";

#[testkit::on_both_databases]
async fn only_a_valid_token_of_an_active_account_gets_its_account() {
    let app = TestApp::spawn_with(&LEGACY).await;
    let behind = Behind::of(&app);
    let deleted = app.token("demo.client@example.com").await;
    behind.delete("demo.client@example.com").await;
    let inactive = app.token("demo.counselor2@example.com").await;
    behind.deactivate("demo.counselor2@example.com").await;
    let nobody = signed(&json!({ "sub": "somebody", "exp": 4_102_444_800_u64 }));
    let mut transcript = Transcript::default();

    let me = |token: &str| app.get(PATH).bearer_auth(token);
    transcript.say("a counsellor", app.counsellor().await.get(PATH)).await;
    transcript.say("an administrator", app.admin().await.get(PATH)).await;
    transcript.say("no header", app.get(PATH)).await;
    transcript.say("another scheme", app.get(PATH).basic_auth("demo", Some("demo123"))).await;
    transcript.say("no token", app.get(PATH).header("authorization", "Bearer")).await;
    transcript.say("no JWT", me("invalid")).await;
    transcript.say("a deleted account", me(&deleted)).await;
    transcript.say("a subject that is no id", me(&nobody)).await;
    transcript.say("an inactive account", me(&inactive)).await;
    transcript.check("me");
}

#[testkit::on_both_databases]
async fn changes_to_an_account_apply_to_its_old_tokens_at_once() {
    let app = TestApp::spawn().await;
    let behind = Behind::of(&app);
    let counsellor = Counsellor::new(&app, app.token(COUNSELLOR).await);
    let batch = json!({ "emails": ["ada@example.com"] });
    let status = async |method: &str, path: &str| {
        let request = counsellor.request(method, path).json(&batch);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("POST", "/api/admin/users/batch").await, 403);

    behind.set_roles(COUNSELLOR, "admin").await;
    assert_eq!(status("POST", "/api/admin/users/batch").await, 200);
    let me = body_of(counsellor.get(PATH).send().await.unwrap()).await;
    assert_eq!(me["roles"], json!(["admin"]));

    behind.set_roles(COUNSELLOR, "client").await;
    let room = counsellor.post("/api/rooms", &json!({ "name": "A room" })).send().await.unwrap();
    assert_eq!(room.status(), 403);

    behind.deactivate(COUNSELLOR).await;
    for (method, path) in [
        ("GET", PATH),
        ("POST", "/api/admin/users/batch"),
        ("GET", "/api/rooms"),
        ("POST", "/api/auth/change-password?old_password=demo123&new_password=longenough"),
    ] {
        assert_eq!(status(method, path).await, 403, "{method} {path}");
    }
    assert_eq!(super::status_of_login(&app, ADMIN, "demo123").await, 200);
}
