//! The number of rooms of an account, and of visitors of a room, is bounded.

use serde_json::{Value, json};

use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;

const BOUNDS: [(&str, &str); 2] =
    [("CARDROOM__ROOMS__PER_ACCOUNT", "2"), ("CARDROOM__ROOMS__VISITORS_PER_ROOM", "3")];

#[testkit::on_both_databases]
async fn an_account_opens_no_more_rooms_than_it_may_have() {
    let app = TestApp::spawn_with(&BOUNDS).await;
    let counsellor = app.counsellor().await;
    let (first, second) = (counsellor.room().await, counsellor.room().await);
    let room = json!({ "name": "A room" });

    let (status, answer) = ask(counsellor.post("/api/rooms", &room)).await;

    assert_eq!((status, &answer["code"]), (409, &json!("too_many_rooms")));
    // A room that is deleted can be restored, and so it still counts.
    for room in [first, second] {
        ask(counsellor.request("DELETE", &super::path_of(&room.id))).await;
    }
    assert_eq!(ask(counsellor.post("/api/rooms", &room)).await.0, 409);
    app.other_counsellor().await.room().await;
}

#[testkit::on_both_databases]
async fn a_full_room_admits_its_visitors_again_and_no_others() {
    let app = TestApp::spawn_with(&BOUNDS).await;
    let room = app.counsellor().await.room().await;
    let join = async |session: usize| {
        let answer = app.join(&room.code, &format!("session-{session}")).await;
        (answer.status().as_u16(), body_of(answer).await)
    };
    for session in 1..=3 {
        assert_eq!(join(session).await.0, 201);
    }

    let (status, answer) = join(4).await;

    assert_eq!((status, &answer["code"]), (409, &json!("room_full")));
    for session in 1..=3 {
        assert_eq!(join(session).await.0, 201);
    }
    assert_eq!(join(4).await.0, 409);
}

#[testkit::on_both_databases]
async fn in_a_full_room_a_visitor_replaces_one_who_left_or_is_not_seen() {
    let app = TestApp::spawn_with(&BOUNDS).await;
    let room = app.counsellor().await.room().await;
    let join = async |session: usize| {
        let answer = app.join(&room.code, &format!("session-{session}")).await;
        (answer.status().as_u16(), body_of(answer).await)
    };
    let path = |visitor: &Value| format!("/api/visitors/{}", visitor["id"].as_str().unwrap());
    let (first, second) = (join(1).await.1, join(2).await.1);
    join(3).await;

    assert_eq!(ask(app.request("DELETE", &path(&first))).await.0, 200);
    assert_eq!(join(4).await.0, 201);
    assert_eq!(ask(app.get(&path(&first))).await.0, 404);
    assert_eq!(join(5).await.0, 409);

    let second = second["id"].as_str().unwrap();
    let postgres =
        format!("UPDATE visitors SET last_seen = last_seen - interval '2 h' WHERE id = '{second}'");
    let sqlite = format!(
        "UPDATE visitors SET last_seen = last_seen - 7200 * 1000000 WHERE id = X'{}'",
        second.replace('-', "")
    );
    Behind::of(&app).carry_out(&postgres, &sqlite).await;
    assert_eq!(join(5).await.0, 201);
    assert_eq!(ask(app.get(&format!("/api/visitors/{second}"))).await.0, 404);
    assert_eq!(join(6).await.0, 409);
}
