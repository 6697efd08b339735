//! Who is in a room, for those who may know.

use serde_json::json;

use super::{joined, path_of};
use crate::app::{TestApp, ask};
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
    let nowhere = format!("/api/visitors/room/{}", super::NOBODY);
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
