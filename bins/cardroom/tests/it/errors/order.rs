//! The order of checks: the body's syntax, authorization, the input, the use case.

use serde_json::json;

use super::fails;
use crate::app::TestApp;
use crate::transcript::Transcript;

const PATH: &str = "/api/rooms/42/gameplay-states";

#[testkit::on_both_databases]
async fn syntax_is_checked_before_authorization_and_that_before_the_input() {
    let app = TestApp::spawn().await;
    let me = app.counsellor().await;
    let json = "application/json";
    let save = format!("{PATH}/{}", "x".repeat(101));

    for path in ["/api/rooms", "/api/auth/change-password", "/api/admin/users/batch"] {
        let anybody = || app.request("POST", path).header("content-type", json);
        let syntax = fails(anybody().body("{"), 422, "validation_error").await;
        assert_eq!(syntax["detail"][0]["type"], "json_invalid", "{path}");
        fails(anybody().body("{}"), 401, "authorization_required").await;
        fails(anybody().header("authorization", "Bearer x").body("{}"), 401, "invalid_token").await;
    }
    fails(me.post("/api/rooms", &json!({})), 422, "validation_error").await;
    // A counsellor is no administrator, which is checked before the fields of the body.
    fails(me.post("/api/admin/users/batch", &json!({ "emails": 1 })), 403, "admin_required").await;
    fails(app.request("PUT", &save).json(&json!({})), 401, "authorization_required").await;
    fails(app.get("/api/rooms?include_inactive=perhaps"), 401, "authorization_required").await;

    // The input is checked before the room is looked up.
    let room = "5f0c9a52-4a5e-4b9f-9c1f-0d6a3c1b7e42";
    let bad = me.put(&format!("/api/rooms/{room}"), &json!({ "name": 1 }));
    fails(bad, 422, "validation_error").await;
    let good = me.put(&format!("/api/rooms/{room}"), &json!({ "name": "A room" }));
    fails(good, 404, "room_not_found").await;
    let join = app.post("/api/visitors/join-room/NOROOM", &json!({ "name": "Mei" }));
    fails(join, 422, "validation_error").await;
}

#[testkit::on_both_databases]
async fn faults_of_path_and_body_come_in_one_answer() {
    let app = TestApp::spawn().await;
    let me = app.counsellor().await;
    let mut transcript = Transcript::default();

    let update =
        me.put("/api/rooms/42", &json!({ "name": "", "description": 7, "client_id": "x" }));
    transcript.say("a room", update).await;
    let game = "x".repeat(101);
    let save = me.put(&format!("{PATH}/{game}"), &json!({ "state": [] }));
    transcript.say("a gameplay state", save).await;
    let save = me.put(&format!("{PATH}/{game}"), &json!({}));
    transcript.say("a gameplay state without a state", save).await;
    transcript.check("faults_together");
}
