//! Moves of visitors that no page saves are saved by the server.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::socket::Socket;
use super::table::{moved, save};
use crate::app::{TestApp, ask};
use crate::client::Counsellor;
use crate::process::stop::{game, server};

const GAME: &str = "personality_assessment";

/// Long enough for the server to have saved.
const SAVED: Duration = Duration::from_secs(6);

fn path(room: &str) -> String {
    format!("/api/rooms/{room}/gameplay-states/{GAME}")
}

fn topic(room: &str) -> String {
    format!("realtime:realtime:room:{room}:cards:{GAME}")
}

/// The version and the placements of the saved state; 0 when there is none.
async fn saved(ada: &Counsellor<'_>, room: &str) -> (i64, Value) {
    let (status, state) = ask(ada.get(&path(room))).await;
    match status.into() {
        200 => (state["version"].as_i64().unwrap(), state["state"]["cardPlacements"].clone()),
        404 => (0, Value::Null),
        status => panic!("{status}: {state}"),
    }
}

/// Waits until the state is at this version. Returns its placements.
async fn version(ada: &Counsellor<'_>, room: &str, version: i64) -> Value {
    for _ in 0..300 {
        let (number, placements) = saved(ada, room).await;
        if number == version {
            return placements;
        }
        assert!(number < version, "{number}: {placements}");
        sleep(Duration::from_millis(100)).await;
    }
    panic!("version {version} was not saved");
}

#[testkit::on_both_databases]
async fn cards_that_only_visitors_move_are_saved() {
    let app = TestApp::spawn().await;
    let ada = app.counsellor().await;
    let room = ada.room().await.id;
    let (topic, main) = (topic(&room), format!("realtime:room:{room}"));
    let mut mei = Socket::first(&app).await;
    for topic in [&topic, &main] {
        mei.enter(topic).await;
    }
    for (card, zone) in [("a", "like"), ("b", "like"), ("a", "neutral"), ("c", "elsewhere")] {
        mei.broadcast(&topic, "card_moved", &moved(card, zone, "visitor")).await;
    }
    // What the owner moves is saved by the owner's page.
    mei.broadcast(&topic, "card_moved", &moved("d", "like", "owner")).await;
    let announced = mei.receive_event("broadcast").await.payload;
    assert_eq!(
        (&announced["event"], &announced["payload"]["saved_by"]),
        (&json!("state_saved"), &json!("server"))
    );
    let placements = version(&ada, &room, 1).await;
    assert_eq!(placements, json!({ "likeCards": ["b"], "neutralCards": ["a"] }));

    // A client without a socket, and a card that is taken away.
    let path =
        format!("/realtime/v1/api/broadcast/{}/events/card_moved", &topic["realtime:".len()..]);
    let sent = app.post(&path, &moved("b", "deck", "visitor")).header("apikey", "anon");
    assert_eq!(sent.send().await.unwrap().status(), 202);
    let placements = version(&ada, &room, 2).await;
    assert_eq!(placements, json!({ "likeCards": [], "neutralCards": ["a"] }));
    let history = ask(ada.get(&format!("{}/history", self::path(&room)))).await.1;
    assert_eq!(history["versions"][0]["saved_by"]["role"], "server", "{history}");

    // Moves that change nothing make no version.
    mei.broadcast(&topic, "card_moved", &moved("a", "neutral", "visitor")).await;
    sleep(SAVED).await;
    assert_eq!(saved(&ada, &room).await.0, 2);
}

#[testkit::on_both_databases]
async fn what_the_owner_saves_wins() {
    let app = TestApp::spawn().await;
    let ada = app.counsellor().await;
    let (before, after) = (ada.room().await.id, ada.room().await.id);
    let mut mei = Socket::first(&app).await;
    for room in [&before, &after] {
        mei.enter(&topic(room)).await;
        mei.broadcast(&topic(room), "card_moved", &moved("a", "like", "visitor")).await;
    }
    // The page saved while the move was under way to it.
    save(&ada, &before, GAME, &json!({ "neutralCards": ["z"] })).await;
    // The page saved after the move, and put the card elsewhere.
    sleep(Duration::from_millis(2200)).await;
    save(&ada, &after, GAME, &json!({ "dislikeCards": ["a"] })).await;
    let placements = version(&ada, &before, 2).await;
    assert_eq!(placements, json!({ "neutralCards": ["z"], "likeCards": ["a"] }));
    sleep(SAVED).await;
    assert_eq!(saved(&ada, &after).await, (1, json!({ "dislikeCards": ["a"] })));
    assert_eq!(saved(&ada, &before).await.0, 2);
}

#[testkit::on_both_databases]
async fn owners_who_save_while_visitors_move_lose_nothing() {
    const CARDS: usize = 30;
    let app = TestApp::spawn().await;
    let ada = app.counsellor().await;
    let room = ada.room().await.id;
    let topic = topic(&room);
    let mut mei = Socket::second(&app).await;
    mei.enter(&topic).await;
    // The owner's page saves the whole table twice a second, with all moves that it has seen.
    let mut seen: Vec<String> = Vec::new();
    for card in 0..CARDS {
        let card = format!("c{card}");
        mei.broadcast(&topic, "card_moved", &moved(&card, "like", "visitor")).await;
        if seen.len().is_multiple_of(3) {
            save(&ada, &room, GAME, &json!({ "likeCards": seen })).await;
        }
        seen.push(card);
        sleep(Duration::from_millis(250)).await;
    }
    sleep(SAVED).await;
    let (_, placements) = saved(&ada, &room).await;
    let mut cards: Vec<_> =
        placements["likeCards"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(cards.len(), CARDS, "{placements}");
    cards.sort_unstable();
    cards.dedup();
    assert_eq!(cards.len(), CARDS, "{placements}");
}

#[testkit::on_both_databases]
async fn nothing_is_saved_in_closed_rooms_in_other_games_or_where_the_settings_say_so() {
    let off = ("CARDROOM__REALTIME__SAVE_VISITOR_MOVES", "false");
    for changes in [&[][..], &[off]] {
        let app = TestApp::spawn_with(changes).await;
        let ada = app.counsellor().await;
        let (open, closed) = (ada.room().await.id, ada.room().await.id);
        let mut mei = Socket::first(&app).await;
        let other = topic(&open).replace(GAME, "another_game");
        for topic in [&topic(&open), &topic(&closed), &other] {
            mei.enter(topic).await;
            mei.broadcast(topic, "card_moved", &moved("a", "like", "visitor")).await;
        }
        let close = ada.post(&format!("/api/rooms/{closed}/close"), &json!({}));
        assert_eq!(close.send().await.unwrap().status(), 200);
        sleep(SAVED).await;
        assert_eq!(saved(&ada, &closed).await.0, 0);
        let is_on = changes.is_empty();
        assert_eq!(saved(&ada, &open).await.0, i64::from(is_on));
        let list = ask(ada.get(&format!("/api/rooms/{open}/gameplay-states"))).await.1;
        assert!(!list.to_string().contains("another_game"), "{list}");
    }
}

#[testkit::on_both_databases]
async fn moves_that_wait_are_saved_when_the_server_stops() {
    let database = testkit::database().await;
    let (mut process, address) = server(&database, &[]).await;
    let (token, example) = game(&address).await;
    let room = example.split('/').nth(3).unwrap();
    let mut mei = Socket::connect(&address, "apikey=anon&vsn=1.0.0").await.unwrap();
    mei.enter(&topic(room)).await;
    mei.broadcast(&topic(room), "card_moved", &moved("a", "like", "visitor")).await;
    let beat = mei.send_event("phoenix", "heartbeat", &json!({})).await;
    mei.reply(&beat).await;
    let status = spawn_blocking(move || process.stop()).await.unwrap();
    assert!(status.success(), "{status}");

    let (_process, address) = server(&database, &[]).await;
    let state = reqwest::Client::new().get(address + &path(room)).bearer_auth(token);
    let state: Value = state.send().await.unwrap().json().await.unwrap();
    assert_eq!(state["state"]["cardPlacements"], json!({ "likeCards": ["a"] }), "{state}");
}
