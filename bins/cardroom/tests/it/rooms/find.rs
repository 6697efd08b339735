//! Every caller finds a room by its id and by its share code.

use serde_json::{Value, json};

use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn everyone_finds_a_room_by_its_id_and_by_its_code() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let new = json!({ "name": "A room", "description": "Ours" });
    let (_, room) = ask(counsellor.post("/api/rooms", &new)).await;
    let id = super::path_of(room["id"].as_str().unwrap());
    let code = format!("/api/rooms/by-code/{}", room["share_code"].as_str().unwrap());
    let mut transcript = Transcript::default();

    let by_id = transcript.say("by id", app.get(&id)).await;
    let by_code = transcript.say("by code", app.get(&code)).await;
    assert_eq!((&by_id, &by_code), (&room, &room));
    ask(counsellor.request("DELETE", &id)).await;
    transcript.say("by id, inactive", app.get(&id)).await;
    transcript.say("by code, inactive", app.get(&code)).await;

    transcript.check("rooms_find");
}

#[testkit::on_both_databases]
async fn an_expired_room_is_found() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let new = json!({ "name": "Over", "expires_at": "2020-01-01T12:00:00Z" });
    let (_, room) = ask(counsellor.post("/api/rooms", &new)).await;
    assert_eq!(room["expires_at"], "2020-01-01T12:00:00Z");

    let id = super::path_of(room["id"].as_str().unwrap());
    assert_eq!(ask(app.get(&id)).await, (200, room.clone()));
    let code = format!("/api/rooms/by-code/{}", room["share_code"].as_str().unwrap());
    assert_eq!(ask(app.get(&code)).await, (200, room));
}

#[testkit::on_both_databases]
async fn an_id_is_read_in_every_customary_spelling() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let digits = room.id.replace('-', "");

    for spelling in [
        room.id.to_uppercase(),
        digits.to_uppercase(),
        digits,
        format!("{{{}}}", room.id),
        format!("urn:uuid:{}", room.id),
    ] {
        let (status, found) = ask(app.get(&super::path_of(&spelling))).await;
        assert_eq!((status, &found["id"]), (200, &Value::from(room.id.as_str())), "{spelling}");
    }
}

#[testkit::on_both_databases]
async fn unknown_ids_and_codes_are_not_found() {
    let app = TestApp::spawn().await;
    let mut transcript = Transcript::default();

    for (what, key) in [
        ("an unknown id", super::UNKNOWN_ID),
        ("no id", "first"),
        ("an id too short", "00000000-0000-4000-8000-00000000000"),
        ("an unknown code", "by-code/000000"),
        ("no code at all", "by-code/%20"),
        ("U+0000 in the code", "by-code/ABC%00DE"),
    ] {
        transcript.say(what, app.get(&super::path_of(key))).await;
    }
    transcript.check("rooms_find_nothing");
}

#[testkit::on_both_databases]
async fn a_share_code_is_read_as_people_type_it() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let (first, last) = room.code.split_at(3);

    for typed in [
        room.code.to_lowercase(),
        format!("{first}-{last}"),
        format!("{first}%20{last}"),
        format!("%20{}%09", room.code),
        format!("{}%E2%80%93{last}", first.to_lowercase()),
    ] {
        let (status, found) = ask(app.get(&super::path_of(&format!("by-code/{typed}")))).await;
        assert_eq!((status, &found["id"]), (200, &json!(room.id)), "{typed}");
        assert_eq!(app.join(&typed, "session-1").await.status(), 201, "{typed}");
    }
}
