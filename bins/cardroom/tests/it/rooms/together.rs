//! Rooms, and visitors in them, that are looked up at the same moment, in one statement.

use futures::future::join_all;
use serde_json::json;

use super::path_of;
use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;
use crate::client::{Counsellor, Room};

/// Rooms: more than there are concurrent lookup statements, so that lookups are batched.
const ROOMS: usize = 24;

/// One room of this number does not exist.
const GONE: usize = 5;

async fn rooms(counsellor: &Counsellor<'_>) -> Vec<Room> {
    let mut rooms = Vec::new();
    for _ in 0..ROOMS {
        rooms.push(counsellor.room().await);
    }
    rooms
}

#[testkit::on_both_databases]
async fn rooms_that_are_looked_up_together_are_not_mixed_up() {
    let app = TestApp::spawn().await;
    let behind = Behind::of(&app);
    let rooms = rooms(&app.counsellor().await).await;
    let find = |(n, room): (usize, &Room)| {
        let code = if n.is_multiple_of(GONE) { "NOROOM" } else { &room.code };
        ask(app.get(&format!("/api/rooms/by-code/{code}")))
    };

    let answers = behind.batched_at("rooms", join_all(rooms.iter().enumerate().map(find))).await;

    for (n, (room, (status, answer))) in rooms.iter().zip(answers).enumerate() {
        if n.is_multiple_of(GONE) {
            assert_eq!(status, 404, "{answer}");
        } else {
            assert_eq!((status, &answer["id"]), (200, &json!(room.id)));
        }
    }
}

#[testkit::on_both_databases]
async fn visitors_who_are_looked_up_together_are_not_mixed_up() {
    let app = TestApp::spawn().await;
    let behind = Behind::of(&app);
    let counsellor = app.counsellor().await;
    let rooms = rooms(&counsellor).await;
    let mut visitors = Vec::new();
    for (n, room) in rooms.iter().enumerate() {
        let state = json!({ "state": { "room": room.id } });
        let path = format!("{}/gameplay-states/cards", path_of(&room.id));
        assert_eq!(ask(counsellor.put(&path, &state)).await.0, 200);
        let visitor = body_of(app.join(&room.code, "a session").await).await;
        if n.is_multiple_of(GONE) {
            let leave = format!("/api/visitors/{}", visitor["id"].as_str().unwrap());
            assert_eq!(ask(app.request("DELETE", &leave)).await.0, 200);
        }
        let token = visitor["visitor_token"].as_str().unwrap().to_owned();
        visitors.push((path, Counsellor::new(&app, token)));
    }

    let all = join_all(visitors.iter().map(|(path, visitor)| ask(visitor.get(path))));
    let answers = behind.batched_at("visitors", all).await;

    for (n, (room, (status, answer))) in rooms.iter().zip(answers).enumerate() {
        if n.is_multiple_of(GONE) {
            assert_eq!(status, 403, "{answer}");
        } else {
            assert_eq!((status, &answer["state"]["room"]), (200, &json!(room.id)), "{answer}");
        }
    }
}
