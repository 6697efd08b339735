//! Deleting, closing and restoring: a room is never gone.

use serde_json::json;

use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn deleting_twice_is_deleting_once() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = super::path_of(&counsellor.room().await.id);
    let mut transcript = Transcript::default();

    let other = app.other_counsellor().await;
    transcript.say("by somebody else", other.request("DELETE", &path)).await;
    transcript.say("by nobody", app.request("DELETE", &path)).await;
    transcript.say("by the owner", counsellor.request("DELETE", &path)).await;
    transcript.say("again", counsellor.request("DELETE", &path)).await;
    transcript.say("by an administrator", app.admin().await.request("DELETE", &path)).await;
    let nowhere = super::path_of(super::UNKNOWN_ID);
    transcript.say("no such room", counsellor.request("DELETE", &nowhere)).await;
    transcript.say("no id", counsellor.request("DELETE", "/api/rooms/first")).await;

    transcript.check("rooms_delete");
}

#[testkit::on_both_databases]
async fn a_deleted_room_is_hidden_from_the_list_until_it_is_restored() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = super::path_of(&counsellor.room().await.id);
    let listed = || async { ask(counsellor.get("/api/rooms")).await.1.as_array().unwrap().len() };

    assert_eq!(listed().await, 1);
    ask(counsellor.request("DELETE", &path)).await;
    assert_eq!(listed().await, 0);
    ask(counsellor.request("POST", &format!("{path}/restore"))).await;
    assert_eq!(listed().await, 1);
}

#[testkit::on_both_databases]
async fn a_restored_room_is_answered_as_it_is_stored() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = super::path_of(&counsellor.room().await.id);
    let restore = format!("{path}/restore");
    let mut transcript = Transcript::default();

    transcript.say("an open room", counsellor.request("POST", &restore)).await;
    ask(counsellor.request("DELETE", &path)).await;
    let other = app.other_counsellor().await;
    transcript.say("by somebody else", other.request("POST", &restore)).await;
    transcript.say("by nobody", app.request("POST", &restore)).await;
    transcript.say("by the owner", counsellor.request("POST", &restore)).await;
    ask(counsellor.request("DELETE", &path)).await;
    transcript.say("by an administrator", app.admin().await.request("POST", &restore)).await;
    let nowhere = super::path_of(super::UNKNOWN_ID) + "/restore";
    transcript.say("no such room", counsellor.request("POST", &nowhere)).await;

    transcript.check("rooms_restore");
}

#[testkit::on_both_databases]
async fn a_closed_room_is_answered_as_a_room() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let close = super::path_of(&counsellor.room().await.id) + "/close";
    let mut transcript = Transcript::default();

    let other = app.other_counsellor().await;
    transcript.say("by somebody else", other.request("POST", &close)).await;
    transcript.say("by nobody", app.request("POST", &close)).await;
    transcript.say("by the owner", counsellor.request("POST", &close)).await;
    transcript.say("again", counsellor.request("POST", &close)).await;
    let body = json!({ "ignored": true });
    transcript.say("by an administrator", app.admin().await.post(&close, &body)).await;
    let nowhere = super::path_of(super::UNKNOWN_ID) + "/close";
    transcript.say("no such room", counsellor.request("POST", &nowhere)).await;

    transcript.check("rooms_close");
}

/// As in the earlier backend: deleting a room leaves its visitors as they are.
#[testkit::on_both_databases]
async fn visitors_of_a_deleted_room_stay_as_they_are() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    app.join(&room.code, "session-1").await;
    let visitors = format!("/api/visitors/room/{}", room.id);
    let (_, before) = ask(counsellor.get(&visitors)).await;
    assert_eq!(before.as_array().unwrap().len(), 1);

    ask(counsellor.request("DELETE", &super::path_of(&room.id))).await;

    assert_eq!(ask(counsellor.get(&visitors)).await, (200, before));
}
