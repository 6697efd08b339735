//! A page that opens late is shown the cards that lie on the table.

use serde_json::{Value, json};

use super::socket::Socket;
use crate::app::TestApp;
use crate::client::Counsellor;

/// A move as the web app sends it.
pub(super) fn moved(card: &str, zone: &str, by: &str) -> Value {
    json!({
        "cardId": card, "fromZone": "deck", "toZone": zone, "timestamp": 1, "performedBy": by,
        "performerName": "Mei", "performerId": "visitor-1",
    })
}

pub(super) async fn save(ada: &Counsellor<'_>, room: &str, game: &str, placements: &Value) {
    let path = format!("/api/rooms/{room}/gameplay-states/{game}");
    let state =
        json!({ "cardPlacements": placements, "uploadedFile": null, "metadata": { "version": 1 } });
    let saved = ada.put(&path, &json!({ "state": state })).send().await.unwrap();
    assert_eq!(saved.status(), 200);
}

async fn ask(page: &mut Socket, topic: &str) {
    page.broadcast(topic, "request_game_state", &json!({ "userId": "visitor-2" })).await;
}

/// The next broadcast: its event and its payload.
async fn heard(page: &mut Socket) -> (String, Value) {
    let received = page.receive_event("broadcast").await.payload;
    (received["event"].as_str().unwrap().to_owned(), received["payload"].clone())
}

/// The next moves: card and zone.
async fn moves(page: &mut Socket, count: usize) -> Vec<(String, String)> {
    let mut moves = Vec::new();
    for _ in 0..count {
        let (event, payload) = heard(page).await;
        assert_eq!(event, "card_moved", "{payload}");
        let text = |field: &str| payload[field].as_str().unwrap().to_owned();
        moves.push((text("cardId"), text("toZone")));
    }
    moves
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(card, zone)| ((*card).into(), (*zone).into())).collect()
}

#[testkit::on_both_databases]
async fn a_page_that_opens_late_is_shown_the_cards_that_were_saved_and_moved_since() {
    const GAME: &str = "personality_assessment";
    let app = TestApp::spawn().await;
    let ada = app.counsellor().await;
    let room = ada.room().await.id;
    let topic = format!("realtime:realtime:room:{room}:cards:{GAME}");
    let placements = json!({ "likeCards": ["b", "a"], "neutralCards": ["c"], "dislikeCards": [] });
    save(&ada, &room, GAME, &placements).await;
    let mut owner = Socket::first(&app).await;
    owner.enter(&topic).await;
    for (card, zone) in [("a", "dislike"), ("c", "deck"), ("d", "neutral")] {
        owner.broadcast(&topic, "card_moved", &moved(card, zone, "owner")).await;
    }
    // The answer comes after the moves were received.
    let beat = owner.send_event("phoenix", "heartbeat", &json!({})).await;
    owner.reply(&beat).await;
    let expected = [("c", "deck"), ("b", "like"), ("a", "dislike"), ("d", "neutral")];
    for mut page in [Socket::first(&app).await, Socket::second(&app).await] {
        page.enter(&topic).await;
        ask(&mut page, &topic).await;
        assert_eq!(heard(&mut owner).await.0, "request_game_state");
        let (event, first) = heard(&mut page).await;
        assert_eq!(event, "card_moved");
        assert_eq!(first["performedBy"], "owner");
        assert_eq!((&first["cardId"], &first["toZone"]), (&json!("c"), &json!("deck")));
        assert_eq!(moves(&mut page, 3).await, pairs(&expected[1..]));
        // The others are not shown it, and asking again at once shows nothing more.
        ask(&mut page, &topic).await;
        assert_eq!(heard(&mut owner).await.0, "request_game_state");
        assert!(owner.is_quiet().await && page.is_quiet().await);
        owner.broadcast(&topic, "card_moved", &moved("d", "neutral", "owner")).await;
        assert_eq!(moves(&mut page, 1).await, pairs(&[("d", "neutral")]));
    }
    // What is saved later has the owner's moves, also those that were left out of the broadcasts.
    save(&ada, &room, GAME, &json!({ "likeCards": ["e"] })).await;
    let mut page = Socket::first(&app).await;
    page.enter(&topic).await;
    ask(&mut page, &topic).await;
    assert_eq!(moves(&mut page, 1).await, pairs(&[("e", "like")]));
    assert!(page.is_quiet().await);
}

#[testkit::on_both_databases]
async fn a_game_with_tokens_is_shown_as_a_whole_and_again_after_the_owner_answers() {
    const GAME: &str = "life_transformation";
    let app = TestApp::spawn().await;
    let ada = app.counsellor().await;
    let room = ada.room().await.id;
    let topic = format!("realtime:realtime:room:{room}:cards:{GAME}");
    let areas = json!({ "c1": { "cards": ["c1"], "tokens": 30 } });
    let placements = json!({ "lifeAreas": areas, "maxCards": 10, "totalTokens": 100 });
    save(&ada, &room, GAME, &placements).await;
    let (mut owner, mut mei) = (Socket::first(&app).await, Socket::second(&app).await);
    for page in [&mut owner, &mut mei] {
        page.enter(&topic).await;
    }
    mei.broadcast(&topic, "card_moved", &moved("c2", "life_c2", "visitor")).await;
    assert_eq!(heard(&mut owner).await.0, "card_moved");
    let mut late = Socket::first(&app).await;
    late.enter(&topic).await;
    ask(&mut late, &topic).await;
    let (event, table) = heard(&mut late).await;
    assert_eq!(event, "current_game_state");
    let cards = json!({
        "c1": { "zone": "life_c1", "tokens": 30 }, "c2": { "zone": "life_c2", "tokens": 0 },
    });
    let settings = json!({ "maxCards": 10, "totalTokens": 100 });
    assert_eq!((&table["cards"], &table["settings"]), (&cards, &settings));
    assert_eq!(table["gameType"], GAME);

    // The owner's page answers from its memory, which has newer tokens and lacks what the visitor moved.
    let answer =
        json!({ "cards": { "c1": { "zone": "life_c1", "tokens": 45 } }, "settings": settings });
    owner.broadcast(&topic, "current_game_state", &answer).await;
    assert_eq!(heard(&mut late).await, ("current_game_state".into(), answer));
    let (event, table) = heard(&mut late).await;
    assert_eq!(event, "current_game_state");
    let cards = json!({
        "c1": { "zone": "life_c1", "tokens": 45 }, "c2": { "zone": "life_c2", "tokens": 0 },
    });
    assert_eq!(table["cards"], cards);
    assert!(late.is_quiet().await);
}

#[testkit::on_both_databases]
async fn only_channels_of_cards_are_answered_and_only_where_the_settings_say_so() {
    let off = ("CARDROOM__REALTIME__SHOW_TABLE", "false");
    for (changes, suffix) in [(&[off][..], ":cards:game"), (&[], ":gamemode"), (&[], "")] {
        let app = TestApp::spawn_with(changes).await;
        let ada = app.counsellor().await;
        let room = ada.room().await.id;
        save(&ada, &room, "game", &json!({ "likeCards": ["a"] })).await;
        let topic = format!("realtime:room:{room}{suffix}");
        let mut page = Socket::first(&app).await;
        page.enter(&topic).await;
        page.broadcast(&topic, "card_moved", &moved("b", "like", "visitor")).await;
        ask(&mut page, &topic).await;
        assert!(page.is_quiet().await, "{topic}");
    }
}
