//! Leaving a room; leaving twice is leaving once.

use super::{joined, path_of};
use crate::app::TestApp;
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn a_visitor_who_left_is_still_found() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let path = path_of(&joined(&app, &room, "Mei", "session-1").await);
    let unknown = format!("/api/visitors/{}", super::UNKNOWN_ID);
    let mut transcript = Transcript::default();

    transcript.say("there", app.get(&path)).await;
    transcript.say("leave", app.request("DELETE", &path)).await;
    transcript.say("leave again", app.request("DELETE", &path)).await;
    transcript.say("gone", app.get(&path)).await;
    transcript.say("nobody leaves", app.request("DELETE", &unknown)).await;
    transcript.say("nobody is found", app.get(&unknown)).await;
    transcript.say("no id leaves", app.request("DELETE", "/api/visitors/first")).await;
    transcript.say("no id is found", app.get("/api/visitors/first")).await;

    transcript.check("visitors_leave");
}
