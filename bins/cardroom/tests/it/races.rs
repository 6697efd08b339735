//! Concurrent requests of the same kind. A race is rarely lost, so each test runs it many times.

use std::collections::HashSet;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{TestApp, ask, body_of};
use crate::client::{Counsellor, Room};

/// How often each race is run.
const ROUNDS: usize = 10;

/// Concurrent clients: the number at which the old backend failed.
const CROWD: usize = 50;

#[testkit::on_both_databases]
async fn fifty_joins_with_fifty_sessions_make_fifty_visitors() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;

    for _ in 0..ROUNDS {
        let room = counsellor.room().await;
        let ids = ids(&join_all((0..CROWD).map(|n| join(&app, &room, n))).await);
        assert_eq!(ids.len(), CROWD);
        assert_eq!(present(&counsellor, &room).await, ids);
    }
}

#[testkit::on_both_databases]
async fn fifty_joins_with_one_session_make_one_visitor() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;

    for _ in 0..ROUNDS {
        let room = counsellor.room().await;
        let ids = ids(&join_all((0..CROWD).map(|_| join(&app, &room, 1))).await);
        assert_eq!(ids.len(), 1);
        assert_eq!(present(&counsellor, &room).await, ids);
    }
}

#[testkit::on_both_databases]
async fn fifty_visitors_who_left_come_back_at_once() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let first = ids(&join_all((0..CROWD).map(|n| join(&app, &room, n))).await);

    for _ in 0..ROUNDS {
        join_all(first.iter().map(|id| leave(&app, id))).await;
        assert!(present(&counsellor, &room).await.is_empty());
        let again = ids(&join_all((0..CROWD).map(|n| join(&app, &room, n))).await);
        assert_eq!(again, first);
        assert_eq!(present(&counsellor, &room).await, first);
    }
}

/// Concurrent joins, leaves and heartbeats: they succeed in any order.
#[testkit::on_both_databases]
async fn a_visitor_may_leave_and_come_back_at_the_same_moment() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;

    for _ in 0..ROUNDS {
        let room = counsellor.room().await;
        let visitor = join(&app, &room, 1).await;
        let id = visitor["id"].as_str().unwrap();
        let heartbeat = format!("/api/visitors/{id}/heartbeat");
        let joins = join_all((0..10).map(|_| join(&app, &room, 1)));
        let leaves = join_all((0..10).map(|_| leave(&app, id)));
        let beats = join_all((0..10).map(|_| ask(app.request("PUT", &heartbeat))));
        let (joins, _, beats) = futures::join!(joins, leaves, beats);
        assert_eq!(ids(&joins), HashSet::from([id.to_owned()]));
        for (status, answer) in beats {
            assert!([200, 400].contains(&status), "{status} {answer}");
        }
        let last = join(&app, &room, 1).await;
        assert_eq!((&last["id"], &last["is_active"]), (&visitor["id"], &json!(true)));
        assert_eq!(present(&counsellor, &room).await.len(), 1);
    }
}

#[testkit::on_both_databases]
async fn a_flood_of_heartbeats_of_one_visitor_is_answered() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let visitor = join(&app, &room, 1).await;
    let heartbeat = format!("/api/visitors/{}/heartbeat", visitor["id"].as_str().unwrap());

    let beats = join_all((0..200).map(|_| ask(app.request("PUT", &heartbeat)))).await;

    for (status, answer) in &beats {
        assert_eq!((*status, &answer["id"]), (200, &visitor["id"]), "{answer}");
    }
    let answers: Vec<Value> = beats.into_iter().map(|(_, answer)| answer).collect();
    assert_eq!(present(&counsellor, &room).await, ids(&answers));
    let (_, list) = ask(counsellor.get(&format!("/api/visitors/room/{}", room.id))).await;
    let latest = answers.iter().map(|answer| answer["last_seen"].as_str().unwrap()).max();
    assert_eq!(list[0]["last_seen"].as_str(), latest);
}

#[testkit::on_both_databases]
async fn twenty_first_saves_of_one_state_leave_one_of_them_whole() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;

    for _ in 0..ROUNDS {
        let room = counsellor.room().await;
        let path = format!("/api/rooms/{}/gameplay-states/game", room.id);
        // Long enough for PostgreSQL to store it apart from the row (TOAST), where halves could mix.
        let state = |n: usize| json!({ "from": n, "text": format!("{n:04}").repeat(2000) });
        let saves = (0..20).map(|n| ask(counsellor.put(&path, &json!({ "state": state(n) }))));
        let answers = join_all(saves).await;
        for (n, (status, saved)) in answers.iter().enumerate() {
            assert_eq!(*status, 200, "{saved}");
            assert_eq!(saved["state"], state(n));
        }
        let answers: Vec<Value> = answers.into_iter().map(|(_, answer)| answer).collect();
        assert_eq!(ids(&answers).len(), 1);

        let (_, kept) = ask(counsellor.get(&path)).await;
        assert!(answers.contains(&kept), "{kept}");
        let (_, list) =
            ask(counsellor.get(&format!("/api/rooms/{}/gameplay-states", room.id))).await;
        assert_eq!(list["states"], json!([kept]));
    }
}

#[testkit::on_both_databases]
async fn fifty_first_rooms_of_one_rule_are_all_opened() {
    for rule in ["skill_assessment", "value_navigation", "career_personality"] {
        let app = TestApp::spawn().await;
        let counsellor = app.counsellor().await;
        let body = json!({ "name": "A room", "game_rule_slug": rule });

        let rooms = join_all((0..CROWD).map(|_| ask(counsellor.post("/api/rooms", &body)))).await;

        let mut codes = HashSet::new();
        for (status, room) in &rooms {
            assert_eq!(*status, 201, "{room}");
            assert_eq!(room["game_rule_id"], rooms[0].1["game_rule_id"]);
            codes.insert(room["share_code"].as_str().unwrap());
        }
        assert_eq!(codes.len(), CROWD);
    }
}

async fn join(app: &TestApp, room: &Room, session: usize) -> Value {
    let answer = app.join(&room.code, &format!("session-{session}")).await;
    let (status, visitor) = (answer.status(), body_of(answer).await);
    assert_eq!(status, 201, "{visitor}");
    visitor
}

async fn leave(app: &TestApp, visitor: &str) {
    let (status, answer) = ask(app.request("DELETE", &format!("/api/visitors/{visitor}"))).await;
    assert_eq!(status, 200, "{answer}");
}

async fn present(counsellor: &Counsellor<'_>, room: &Room) -> HashSet<String> {
    let (status, list) = ask(counsellor.get(&format!("/api/visitors/room/{}", room.id))).await;
    assert_eq!(status, 200, "{list}");
    let list = list.as_array().unwrap();
    let ids = ids(list);
    assert_eq!(ids.len(), list.len());
    ids
}

fn ids(answers: &[Value]) -> HashSet<String> {
    answers.iter().map(|answer| answer["id"].as_str().expect("an id").to_owned()).collect()
}
