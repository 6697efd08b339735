//! The list of a room's visitors, and who may read it.

use serde_json::json;

use super::{joined, path_of};
use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;
use crate::client::{Counsellor, Room};
use crate::rooms::list::pages;
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn the_owner_and_administrators_see_who_is_in_a_room() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = format!("/api/visitors/room/{}", room.id);
    let mut transcript = Transcript::default();

    transcript.say("nobody is there", counsellor.get(&path)).await;
    joined(&app, &room, "Mei", "session-1").await;
    transcript.say("one is there", counsellor.get(&path)).await;
    transcript.say("an administrator asks", app.admin().await.get(&path)).await;
    transcript.say("somebody else asks", app.other_counsellor().await.get(&path)).await;
    transcript.say("nobody asks", app.get(&path)).await;
    let nowhere = format!("/api/visitors/room/{}", super::UNKNOWN_ID);
    transcript.say("no such room", counsellor.get(&nowhere)).await;
    transcript.say("no id", counsellor.get("/api/visitors/room/first")).await;

    transcript.check("visitors_list");
}

#[testkit::on_both_databases]
async fn visitors_are_listed_in_the_order_they_came_while_they_are_there() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (room, elsewhere) = (counsellor.room().await, counsellor.room().await);
    let first = joined(&app, &room, "Zoe", "session-1").await;
    let second = joined(&app, &room, "Yan", "session-2").await;
    let third = joined(&app, &room, "Ada", "session-3").await;
    joined(&app, &elsewhere, "Max", "session-1").await;
    let path = format!("/api/visitors/room/{}", room.id);

    assert_eq!(ask(counsellor.get(&path)).await.1, json!([first, second, third]));
    ask(app.request("DELETE", &path_of(&second))).await;
    assert_eq!(ask(counsellor.get(&path)).await.1, json!([first, third]));
    let back = joined(&app, &room, "Yan", "session-2").await;
    assert_eq!(ask(counsellor.get(&path)).await.1, json!([first, back, third]));
}

/// Only the names of active visitors: an id would let one visitor act for another.
#[testkit::on_both_databases]
async fn a_visitor_sees_who_else_is_in_the_room() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (room, elsewhere) = (counsellor.room().await, counsellor.room().await);
    let visitor = async |room: &Room, session| {
        let joined = body_of(app.join(&room.code, session).await).await;
        let token = joined["visitor_token"].as_str().unwrap().to_owned();
        (path_of(&joined), Counsellor::new(&app, token))
    };
    let (mei, token) = visitor(&room, "session-1").await;
    let (_, foreign) = visitor(&elsewhere, "session-1").await;
    joined(&app, &room, "Ana", "session-2").await;
    let path = format!("/api/visitors/room/{}", room.id);
    let mut transcript = Transcript::default();

    transcript.say("a visitor of the room asks", token.get(&path)).await;
    transcript.say("a visitor of another room asks", foreign.get(&path)).await;
    ask(app.request("DELETE", &mei)).await;
    transcript.say("a visitor who left asks", token.get(&path)).await;

    transcript.check("visitors_list_for_visitors");
}

#[testkit::on_both_databases]
async fn visitors_are_listed_in_pages_when_asked_for() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (room, elsewhere) = (counsellor.room().await, counsellor.room().await);
    let mut ids = Vec::new();
    for n in 0..5 {
        let visitor = joined(&app, &room, "Mei", &format!("session-{n}")).await;
        ids.push(visitor["id"].as_str().unwrap().to_owned());
    }
    let foreign = joined(&app, &elsewhere, "Max", "session-1").await;
    let path = format!("/api/visitors/room/{}", room.id);

    let two = pages(&counsellor, &format!("{path}?limit=2")).await;
    assert_eq!(two, [&ids[..2], &ids[2..4], &ids[4..]]);
    assert_eq!(pages(&counsellor, &path).await, [&ids[..]]);
    let after_foreign = format!("{path}?after={}", foreign["id"].as_str().unwrap());
    assert_eq!(ask(counsellor.get(&after_foreign)).await.0, 404);
}

/// Times outside the calendar's range, as a broken import leaves them.
#[testkit::on_both_databases]
async fn a_damaged_visitor_does_not_take_the_others_from_the_list() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let first = joined(&app, &room, "Mei", "session-1").await;
    joined(&app, &room, "Ana", "damaged").await;
    let last = joined(&app, &room, "Bo", "session-2").await;
    let sqlite =
        format!("UPDATE visitors SET last_seen = {} WHERE session_id = 'damaged'", i64::MAX);
    let postgres = "UPDATE visitors SET last_seen = 'infinity' WHERE session_id = 'damaged'";
    Behind::of(&app).carry_out(postgres, &sqlite).await;

    let answer = ask(counsellor.get(&format!("/api/visitors/room/{}", room.id))).await;

    assert_eq!(answer, (200, json!([first, last])));
}
