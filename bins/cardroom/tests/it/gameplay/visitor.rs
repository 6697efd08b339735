//! What a visitor of a room may do with its games.

use serde_json::{Value, json};

use super::{patch, path_of};
use crate::app::{TestApp, ask, body_of};
use crate::client::{Counsellor, Room};
use crate::transcript::Transcript;

/// A visitor of a room.
struct Visitor<'a> {
    id: String,
    /// A client with the visitor's token.
    asks: Counsellor<'a>,
}

async fn join<'a>(app: &'a TestApp, room: &Room, session: &str) -> Visitor<'a> {
    let joined = body_of(app.join(&room.code, session).await).await;
    let text = |key: &str| joined[key].as_str().expect(key).to_owned();
    Visitor { id: text("id"), asks: Counsellor::new(app, text("visitor_token")) }
}

async fn saved_state(counsellor: &Counsellor<'_>, room: &Room) -> Value {
    let body = json!({ "state": { "cards": { "a": 1 } } });
    let (status, saved) = ask(counsellor.put(&path_of(room, "game"), &body)).await;
    assert_eq!(status, 200);
    saved
}

#[testkit::on_both_databases]
async fn a_visitor_loads_and_patches_the_games_of_the_room() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = path_of(&room, "game");
    let visitor = join(&app, &room, "session").await;
    let mut transcript = Transcript::default();

    transcript.say("load nothing", visitor.asks.get(&path)).await;
    transcript.say("patch nothing", patch(&visitor.asks, &path, &json!({}))).await;
    saved_state(&counsellor, &room).await;
    transcript.say("load", visitor.asks.get(&path)).await;
    let placed = json!({ "cards": { "b": 2 } });
    transcript.say("patch", patch(&visitor.asks, &path, &placed)).await;
    transcript.say("the counsellor sees it", counsellor.get(&path)).await;

    transcript.check("gameplay_visitor");
}

#[testkit::on_both_databases]
async fn a_visitor_reaches_no_other_room() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (room, other) = (counsellor.room().await, counsellor.room().await);
    let before = saved_state(&counsellor, &other).await;
    let visitor = join(&app, &room, "session").await;
    let nowhere =
        Room { id: "00000000-0000-4000-8000-000000000000".to_owned(), code: String::new() };

    for room in [&other, &nowhere] {
        let path = path_of(room, "game");
        for request in [visitor.asks.get(&path), patch(&visitor.asks, &path, &json!({ "n": 1 }))] {
            let (status, answer) = ask(request).await;
            assert_eq!((status, &answer["code"]), (403, &json!("visitor_not_in_room")));
        }
    }
    assert_eq!(ask(counsellor.get(&path_of(&other, "game"))).await, (200, before));
}

#[testkit::on_both_databases]
async fn a_visitor_who_left_is_refused_until_joining_again() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = path_of(&room, "game");
    let before = saved_state(&counsellor, &room).await;
    let visitor = join(&app, &room, "session").await;

    ask(app.request("DELETE", &format!("/api/visitors/{}", visitor.id))).await;
    for request in [visitor.asks.get(&path), patch(&visitor.asks, &path, &json!({ "n": 1 }))] {
        let (status, answer) = ask(request).await;
        assert_eq!((status, &answer["code"]), (403, &json!("visitor_not_in_room")));
    }
    assert_eq!(ask(counsellor.get(&path)).await, (200, before));

    let again = join(&app, &room, "session").await;
    assert_eq!(again.id, visitor.id);
    for visitor in [visitor, again] {
        assert_eq!(ask(patch(&visitor.asks, &path, &json!({ "n": 1 }))).await.0, 200);
    }
}

#[testkit::on_both_databases]
async fn a_closed_room_has_no_players() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = path_of(&room, "game");
    let before = saved_state(&counsellor, &room).await;
    let visitor = join(&app, &room, "session").await;
    let this = format!("/api/rooms/{}", room.id);

    ask(counsellor.request("DELETE", &this)).await;
    for request in [visitor.asks.get(&path), patch(&visitor.asks, &path, &json!({ "n": 1 }))] {
        let (status, answer) = ask(request).await;
        assert_eq!((status, &answer["code"]), (404, &json!("room_closed")));
    }
    assert_eq!(ask(counsellor.get(&path)).await, (200, before));

    let (status, _) = ask(counsellor.post(&format!("{this}/restore"), &json!({}))).await;
    assert_eq!(status, 200);
    assert_eq!(ask(visitor.asks.get(&path)).await.0, 200);
}

/// Conversely, an access token of another account is checked as an access token.
#[testkit::on_both_databases]
async fn a_visitors_token_is_no_access_token() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = path_of(&room, "game");
    let before = saved_state(&counsellor, &room).await;
    let Visitor { asks, .. } = join(&app, &room, "session").await;
    let this = format!("/api/rooms/{}", room.id);

    for (method, path) in [
        ("PUT", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/history")),
        ("GET", format!("{path}/history/1")),
        ("POST", format!("{path}/history/1/restore")),
        ("GET", path_of(&room, "")),
        ("PUT", this.clone()),
        ("DELETE", this.clone()),
        ("GET", format!("{this}/statistics")),
        ("GET", "/api/rooms".to_owned()),
        ("POST", "/api/rooms".to_owned()),
        ("GET", "/api/auth/me".to_owned()),
    ] {
        let body = json!({ "name": "Mine", "state": {} });
        let (status, answer) = ask(asks.request(method, &path).json(&body)).await;
        assert_eq!(status, 401, "{method} {path}: {answer}");
    }
    assert_eq!(ask(counsellor.get(&path)).await, (200, before));
    let other = app.other_counsellor().await;
    assert_eq!(ask(other.get(&path)).await.1["code"], "not_room_owner");
}

#[testkit::on_both_databases]
async fn a_token_that_was_tampered_with_is_refused() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = path_of(&room, "game");
    saved_state(&counsellor, &room).await;
    let (one, two) = (join(&app, &room, "one").await, join(&app, &room, "two").await);
    let parts = |it: &Visitor<'_>| it.asks.token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (one, two) = (parts(&one), parts(&two));

    for token in [
        format!("{}.{}.{}", one[0], one[1], two[2]),
        format!("{}.{}.", one[0], one[1]),
        format!("eyJhbGciOiJub25lIn0.{}.", one[1]),
    ] {
        let asks = Counsellor::new(&app, token);
        assert_eq!(ask(asks.get(&path)).await.0, 401);
        assert_eq!(ask(patch(&asks, &path, &json!({}))).await.0, 401);
    }
}
