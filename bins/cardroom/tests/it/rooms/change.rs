//! A room's name and description change, and nothing else does.

use serde_json::json;

use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn the_owner_and_an_administrator_change_a_room() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = super::path_of(&counsellor.room().await.id);
    let mut transcript = Transcript::default();

    let both = json!({ "name": "Renamed", "description": "Described" });
    transcript.say("by the owner", counsellor.put(&path, &both)).await;
    let name = json!({ "name": "Renamed again" });
    transcript.say("a description left out", app.admin().await.put(&path, &name)).await;
    let other = app.other_counsellor().await;
    transcript.say("by somebody else", other.put(&path, &name)).await;
    transcript.say("by a client", app.client_account().await.put(&path, &name)).await;
    transcript.say("by nobody", app.request("PUT", &path).json(&name)).await;
    let nowhere = super::path_of(super::UNKNOWN_ID);
    transcript.say("no such room", counsellor.put(&nowhere, &name)).await;

    transcript.check("rooms_change");
}

#[testkit::on_both_databases]
async fn the_faults_of_path_and_body_are_named_together() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let mut transcript = Transcript::default();

    let body = json!({ "description": 5 });
    transcript.say("path and body", counsellor.put("/api/rooms/first", &body)).await;

    transcript.check("rooms_change_invalid");
}

#[testkit::on_both_databases]
async fn a_change_keeps_the_rule_the_code_and_the_end() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let new = json!({ "name": "Old", "description": "Old", "expires_at": "2030-01-01" });
    let (_, room) = ask(counsellor.post("/api/rooms", &new)).await;
    let path = super::path_of(room["id"].as_str().unwrap());

    let change = json!({ "name": "New", "description": "New", "expires_at": "2040-01-01",
        "game_rule_slug": "chess", "share_code": "AAAAAA", "is_active": false });
    let (status, changed) = ask(counsellor.put(&path, &change)).await;

    let mut expected = room;
    expected["name"] = json!("New");
    expected["description"] = json!("New");
    assert_eq!((status, &changed), (200, &expected));
    assert_eq!(ask(app.get(&path)).await.1, expected);
}

#[testkit::on_both_databases]
async fn a_closed_room_can_be_renamed() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = super::path_of(&counsellor.room().await.id);
    ask(counsellor.request("DELETE", &path)).await;

    let (status, room) = ask(counsellor.put(&path, &json!({ "name": "New" }))).await;

    assert_eq!((status, &room["name"], &room["is_active"]), (200, &json!("New"), &json!(false)));
}
