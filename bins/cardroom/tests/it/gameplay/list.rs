//! All games of a room, and their summary.

use serde_json::{Value, json};

use super::path_of;
use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn a_room_lists_its_states_with_a_summary() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let all = format!("/api/rooms/{}/gameplay-states", room.id);
    let mut transcript = Transcript::default();

    transcript.say("no states yet", counsellor.get(&all)).await;
    ask(counsellor.put(&path_of(&room, "first"), &json!({ "state": { "n": 1 } }))).await;
    ask(counsellor.put(&path_of(&room, "second"), &json!({ "state": { "n": 2 } }))).await;
    transcript.say("two states", counsellor.get(&all)).await;

    transcript.check("gameplay_list");
}

#[testkit::on_both_databases]
async fn the_last_played_game_comes_first() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (room, elsewhere) = (counsellor.room().await, counsellor.room().await);
    let save = async |room, game| {
        let (status, saved) =
            ask(counsellor.put(&path_of(room, game), &json!({ "state": {} }))).await;
        assert_eq!(status, 200);
        saved
    };
    save(&room, "a").await;
    let b = save(&room, "b").await;
    let c = save(&room, "c").await;
    let a = save(&room, "a").await;
    save(&elsewhere, "d").await;

    let (_, list) = ask(counsellor.get(&path_of(&room, ""))).await;

    let zoned = a["last_played_at"].as_str().unwrap().replace('Z', "+00:00");
    let expected = json!({
        "states": [a, c, b],
        "summary": {
            "total_gameplays_played": 3,
            "most_recent_gameplay": "a",
            "last_played_at": Value::from(zoned),
        },
    });
    assert_eq!(list, expected);
}
