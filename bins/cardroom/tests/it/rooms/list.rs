//! Which rooms a counsellor sees in the list.

use serde_json::{Value, json};

use crate::app::{TestApp, ask};
use crate::client::Counsellor;
use crate::transcript::Transcript;

async fn listed(counsellor: &Counsellor<'_>, query: &str) -> Vec<String> {
    let (status, rooms) = ask(counsellor.get(&format!("/api/rooms{query}"))).await;
    assert_eq!(status, 200, "{query}: {rooms}");
    let id = |room: &Value| room["id"].as_str().unwrap().to_owned();
    rooms.as_array().unwrap().iter().map(id).collect()
}

#[testkit::on_both_databases]
async fn rooms_are_listed_with_their_owners_name() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let mut transcript = Transcript::default();

    transcript.say("no rooms yet", counsellor.get("/api/rooms/")).await;
    counsellor.room().await;
    transcript.say("one room", counsellor.get("/api/rooms")).await;
    transcript.say("nobody asks", app.get("/api/rooms")).await;
    let client = app.client_account().await;
    transcript.say("a client asks", client.get("/api/rooms")).await;

    transcript.check("rooms_list");
}

#[testkit::on_both_databases]
async fn the_newest_room_comes_first_and_only_ones_own_come() {
    let app = TestApp::spawn().await;
    let (counsellor, other) = (app.counsellor().await, app.other_counsellor().await);
    let (first, foreign) = (counsellor.room().await, other.room().await);
    let (second, third) = (counsellor.room().await, counsellor.room().await);

    assert_eq!(listed(&counsellor, "").await, [third.id, second.id, first.id]);
    assert_eq!(listed(&other, "").await, [foreign.id]);
    assert!(listed(&app.admin().await, "?include_inactive=true").await.is_empty());
}

#[testkit::on_both_databases]
async fn inactive_rooms_are_listed_when_asked_for_in_any_spelling() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (open, closed) = (counsellor.room().await, counsellor.room().await);
    let path = super::path_of(&closed.id);
    assert_eq!(ask(counsellor.request("DELETE", &path)).await.0, 200);

    for yes in ["true", "True", "1", "yes", "on", "t", "Y"] {
        let query = format!("?include_inactive={yes}");
        assert_eq!(listed(&counsellor, &query).await, [&*closed.id, &*open.id], "{yes}");
    }
    for no in ["false", "FALSE", "0", "no", "off", "f", "n"] {
        let query = format!("?include_inactive={no}");
        assert_eq!(listed(&counsellor, &query).await, [&*open.id], "{no}");
    }
    assert_eq!(listed(&counsellor, "").await, [&*open.id]);
    assert_eq!(listed(&counsellor, "?unknown=true").await, [&*open.id]);
}

#[testkit::on_both_databases]
async fn what_is_neither_yes_nor_no_is_refused() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let mut transcript = Transcript::default();

    for query in ["maybe", "", "2"] {
        let path = format!("/api/rooms?include_inactive={query}");
        transcript.say("neither yes nor no", counsellor.get(&path)).await;
    }

    transcript.check("rooms_list_invalid");
}

/// An expired room is still its owner's, and still says that it is active.
#[testkit::on_both_databases]
async fn an_expired_room_is_listed() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let body = json!({ "name": "Over", "expires_at": "2020-01-01" });
    let (_, room) = ask(counsellor.post("/api/rooms", &body)).await;

    let (_, rooms) = ask(counsellor.get("/api/rooms")).await;

    assert_eq!(rooms[0]["id"], room["id"]);
    assert_eq!(rooms[0]["is_active"], true);
}
