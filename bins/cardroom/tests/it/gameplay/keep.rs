//! Saving, loading and deleting the state of a game.

use serde_json::{Value, json};

use super::{path_of, save};
use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::client::Room;
use crate::transcript::Transcript;

/// An id that no row has.
const UNKNOWN_ID: &str = "00000000-0000-4000-8000-000000000000";

#[testkit::on_both_databases]
async fn a_state_is_saved_replaced_loaded_and_deleted() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "life_redesign");
    let mut transcript = Transcript::default();

    transcript.say("load nothing", counsellor.get(&path)).await;
    transcript.say("delete nothing", counsellor.request("DELETE", &path)).await;
    let first = json!({ "state": { "cards": { "like": ["a"], "x": null } }, "unknown": 1 });
    transcript.say("save", counsellor.put(&path, &first)).await;
    transcript.say("load", counsellor.get(&path)).await;
    let second = json!({ "state": { "uploadedFile": { "name": "履歷.pdf", "size": 1 } } });
    transcript.say("replace", counsellor.put(&path, &second)).await;
    transcript.say("load what replaced it", counsellor.get(&path)).await;
    transcript.say("save nothing", counsellor.put(&path, &json!({ "state": {} }))).await;
    transcript.say("delete", counsellor.request("DELETE", &path)).await;
    transcript.say("delete again", counsellor.request("DELETE", &path)).await;
    transcript.say("load what is gone", counsellor.get(&path)).await;

    transcript.check("gameplay_keep");
}

#[testkit::on_both_databases]
async fn a_state_keeps_its_id_and_its_creation_time() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let saved = async |n: i32| ask(counsellor.put(&path, &json!({ "state": { "n": n } }))).await.1;

    let (first, second) = (saved(1).await, saved(2).await);

    let mut expected = first.clone();
    expected["state"] = json!({ "n": 2 });
    expected["version"] = json!(2);
    for key in ["last_played_at", "updated_at"] {
        assert!(moment(&second, key) > moment(&first, key), "{key}");
        expected[key] = second["updated_at"].clone();
    }
    assert_eq!(second, expected);
    assert_eq!(first["created_at"], first["updated_at"]);
    assert_eq!(ask(counsellor.get(&path)).await, (200, second));

    ask(counsellor.request("DELETE", &path)).await;
    let third = saved(3).await;
    assert_ne!(third["id"], first["id"]);
    assert!(moment(&third, "created_at") > moment(&first, "created_at"));
}

fn moment<'a>(state: &'a Value, key: &str) -> &'a str {
    state[key].as_str().unwrap()
}

#[testkit::on_both_databases]
async fn the_last_of_two_states_in_one_body_counts() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");

    for body in [r#"{"state":{"n":1},"state":{"n":2}}"#, r#"{"state":0,"st\u0061te":{"n":2}}"#] {
        let (status, saved) = ask(save(&counsellor, &path, body)).await;
        assert_eq!((status, &saved["state"]), (200, &json!({ "n": 2 })), "{body}");
    }
    let (status, answer) = ask(save(&counsellor, &path, r#"{"state":{},"state":0}"#)).await;
    assert_eq!((status, &answer["detail"][0]["type"]), (422, &json!("dict_type")));
}

#[testkit::on_both_databases]
async fn only_the_owner_reaches_a_rooms_states() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = path_of(&room, "game");
    let state = json!({ "state": {} });
    assert_eq!(ask(counsellor.put(&path, &state)).await.0, 200);
    let all = path_of(&room, "");
    let (_, before) = ask(counsellor.get(&all)).await;
    let mut transcript = Transcript::default();

    for (who, asks) in [
        ("an administrator", app.admin().await),
        ("somebody else", app.other_counsellor().await),
        ("a client", app.client_account().await),
    ] {
        transcript.say(&format!("{who} saves"), asks.put(&path, &state)).await;
        transcript.say(&format!("{who} loads"), asks.get(&path)).await;
        transcript.say(&format!("{who} lists"), asks.get(&all)).await;
        transcript.say(&format!("{who} deletes"), asks.request("DELETE", &path)).await;
    }
    transcript.say("nobody saves", app.request("PUT", &path).json(&state)).await;
    transcript.say("nobody loads", app.get(&path)).await;
    transcript.say("nobody lists", app.get(&all)).await;
    transcript.say("nobody deletes", app.request("DELETE", &path)).await;

    assert_eq!(ask(counsellor.get(&all)).await.1, before);
    transcript.check("gameplay_by_whom");
}

#[testkit::on_both_databases]
async fn an_unknown_room_has_no_states() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let nowhere = Room { id: UNKNOWN_ID.to_owned(), code: String::new() };
    let path = path_of(&nowhere, "game");
    let mut transcript = Transcript::default();

    transcript.say("save", counsellor.put(&path, &json!({ "state": {} }))).await;
    transcript.say("load", counsellor.get(&path)).await;
    transcript.say("list", counsellor.get(&path_of(&nowhere, ""))).await;
    transcript.say("delete", counsellor.request("DELETE", &path)).await;

    transcript.check("gameplay_no_room");
}

/// The owner may continue a game after the room was closed or has expired.
#[testkit::on_both_databases]
async fn the_states_of_a_closed_and_of_an_expired_room_can_be_saved() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let over = json!({ "name": "Over", "expires_at": "2020-01-01" });
    let (_, over) = ask(counsellor.post("/api/rooms", &over)).await;
    let over = Room { id: over["id"].as_str().unwrap().to_owned(), code: String::new() };
    let closed = counsellor.room().await;
    ask(counsellor.request("DELETE", &format!("/api/rooms/{}", closed.id))).await;

    for room in [closed, over] {
        let path = path_of(&room, "game");
        let (status, saved) = ask(counsellor.put(&path, &json!({ "state": {} }))).await;
        assert_eq!(status, 200);
        assert_eq!(ask(counsellor.get(&path)).await, (200, saved));
    }
}

#[testkit::on_both_databases]
async fn a_room_that_was_deleted_since_it_was_used_is_not_found() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let save = || ask(counsellor.put(&path, &json!({ "state": {} })));
    assert_eq!(save().await.0, 200);

    let delete = "DELETE FROM rooms";
    Behind::of(&app).carry_out(delete, delete).await;

    for _ in 0..2 {
        let (status, answer) = save().await;
        assert_eq!((status, &answer["code"]), (404, &json!("room_not_found")), "{answer}");
    }
    let (_, answer) = ask(counsellor.get(&path)).await;
    assert_eq!(answer["code"], "room_not_found");
}
