//! Opening a room: who may, with which rules, and the answers.

use serde_json::{Value, json};

use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn opening_a_room_answers_the_whole_room() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let mut transcript = Transcript::default();

    let all = json!({
        "name": "Tuesday group 週二",
        "description": "Ten people",
        "game_rule_slug": "value_navigation",
        "game_rule_id": super::UNKNOWN_ID,
        "card_deck_id": super::UNKNOWN_ID,
        "unknown": { "is": "ignored" },
    });
    transcript.say("with everything", counsellor.post("/api/rooms/", &all)).await;
    let least = json!({ "name": " " });
    transcript.say("with a name alone", counsellor.post("/api/rooms", &least)).await;
    let nulls = json!({ "name": "Nulls", "description": null, "client_id": null,
        "game_rule_id": null, "game_rule_slug": null, "expires_at": null });
    transcript.say("with nulls", counsellor.post("/api/rooms", &nulls)).await;

    transcript.check("rooms_open");
}

#[testkit::on_both_databases]
async fn a_slug_chooses_the_rule_and_none_of_them_none() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;

    for (slug, id) in [
        (json!("skill_assessment"), json!("00000000-0000-0000-0002-000000000001")),
        (json!("value_navigation"), json!("00000000-0000-0000-0002-000000000002")),
        (json!("career_personality"), json!("00000000-0000-0000-0002-000000000003")),
        (json!(""), Value::Null),
        (Value::Null, Value::Null),
    ] {
        let body = json!({ "name": "A room", "game_rule_slug": slug });
        let (status, room) = ask(counsellor.post("/api/rooms", &body)).await;
        assert_eq!((status, &room["game_rule_id"]), (201, &id), "{slug}");
    }
}

#[testkit::on_both_databases]
async fn an_unknown_rule_opens_no_room() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let mut transcript = Transcript::default();

    for slug in ["chess", "Skill_Assessment"] {
        let body = json!({ "name": "A room", "game_rule_slug": slug });
        transcript.say("an unknown rule", counsellor.post("/api/rooms", &body)).await;
    }

    let (_, rooms) = ask(counsellor.get("/api/rooms?include_inactive=true")).await;
    assert_eq!(rooms, json!([]));
    transcript.check("rooms_open_unknown_rule");
}

#[testkit::on_both_databases]
async fn only_counsellors_and_administrators_open_rooms() {
    let app = TestApp::spawn().await;
    let body = json!({ "name": "A room" });
    let mut transcript = Transcript::default();

    let client = app.client_account().await;
    transcript.say("a client", client.post("/api/rooms", &body)).await;
    transcript.say("nobody", app.post("/api/rooms", &body)).await;
    transcript.say("nobody, and nothing valid", app.post("/api/rooms", &json!({}))).await;
    transcript.say("an administrator", app.admin().await.post("/api/rooms", &body)).await;

    transcript.check("rooms_open_by_whom");
}

#[testkit::on_both_databases]
async fn every_spelling_of_the_end_is_understood_as_utc() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;

    for (sent, kept) in [
        (json!("2030-01-01T00:00:00Z"), "2030-01-01T00:00:00Z"),
        (json!("2030-01-01T08:30:00+08:00"), "2030-01-01T00:30:00Z"),
        (json!("2030-01-01T00:00:00.007362"), "2030-01-01T00:00:00.007362Z"),
        (json!("2030-01-01T00:00:00.5"), "2030-01-01T00:00:00.500000Z"),
        (json!("2030-01-01T00:00:00.1234567Z"), "2030-01-01T00:00:00.123456Z"),
        (json!("2030-01-01 10:00"), "2030-01-01T10:00:00Z"),
        (json!("2030-01-01"), "2030-01-01T00:00:00Z"),
        (json!(1_893_456_000), "2030-01-01T00:00:00Z"),
        (json!(1_893_456_000.25), "2030-01-01T00:00:00.250000Z"),
        (json!("1893456000"), "2030-01-01T00:00:00Z"),
        (json!("9999-12-31T23:59:59.999999"), "9999-12-31T23:59:59.999999Z"),
    ] {
        let body = json!({ "name": "A room", "expires_at": sent });
        let (status, room) = ask(counsellor.post("/api/rooms", &body)).await;
        assert_eq!((status, &room["expires_at"]), (201, &json!(kept)), "{sent}");
        let (_, found) = ask(app.get(&super::path_of(room["id"].as_str().unwrap()))).await;
        assert_eq!(found["expires_at"], kept, "{sent}");
    }
}
