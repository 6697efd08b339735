//! A game is named by any text of 1 to 100 characters.

use serde_json::{Value, json};

use super::path_of;
use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn a_game_may_have_any_name() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let state = json!({ "state": {} });

    for (sent, name) in [
        ("personality_assessment", "personality_assessment"),
        ("Personality_Assessment", "Personality_Assessment"),
        ("a%20b", "a b"),
        ("a+b", "a+b"),
        ("a%2Bb%2bc", "a+b+c"),
        ("a%2Fb", "a/b"),
        ("%2F", "/"),
        ("50%25", "50%"),
        ("%2525", "%25"),
        ("%C3%A9", "é"),
        ("遊戲", "遊戲"),
        ("%F0%9F%83%8F", "🃏"),
        ("%22%27%3B--", "\"';--"),
        ("%0A", "\n"),
        ("%3Fq%23f", "?q#f"),
        ("...", "..."),
    ] {
        let path = path_of(&room, sent);
        let missing = json!(format!("Gameplay state not found for {name}"));
        let (status, answer) = ask(counsellor.get(&path)).await;
        assert_eq!((status, &answer["detail"]), (404, &missing), "{sent}");
        let (status, saved) = ask(counsellor.put(&path, &state)).await;
        assert_eq!((status, &saved["gameplay_id"]), (200, &json!(name)), "{sent}");
        assert_eq!(ask(counsellor.get(&path)).await, (200, saved), "{sent}");
        let (status, answer) = ask(counsellor.request("DELETE", &path)).await;
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{sent}");
    }
}

#[testkit::on_both_databases]
async fn a_game_of_a_hundred_characters_has_the_longest_name() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let state = json!({ "state": {} });

    for letter in ["a", "é", "遊"] {
        let name = letter.repeat(100);
        let (status, saved) = ask(counsellor.put(&path_of(&room, &name), &state)).await;
        assert_eq!((status, &saved["gameplay_id"]), (200, &Value::from(name.as_str())));

        let path = path_of(&room, &letter.repeat(101));
        for request in [
            counsellor.put(&path, &state),
            counsellor.get(&path),
            counsellor.request("DELETE", &path),
        ] {
            let (status, answer) = ask(request).await;
            assert_eq!(status, 422);
            let issue = json!([{
                "type": "string_too_long",
                "loc": ["path", "gameplay_id"],
                "msg": "String should have at most 100 characters",
                "input": letter.repeat(101),
                "ctx": { "max_length": 100 },
            }]);
            assert_eq!(answer["detail"], issue);
        }
    }
}

#[testkit::on_both_databases]
async fn a_name_that_cannot_be_stored_is_refused() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = path_of(&room, "a%00b");
    let mut transcript = Transcript::default();

    transcript.say("save", counsellor.put(&path, &json!({ "state": {} }))).await;
    transcript.say("load", counsellor.get(&path)).await;
    let bad_room = "/api/rooms/first/gameplay-states/a%00b";
    transcript.say("path and body", counsellor.put(bad_room, &json!({}))).await;
    transcript.say("list", counsellor.get("/api/rooms/first/gameplay-states")).await;

    transcript.check("gameplay_ids_invalid");
}
