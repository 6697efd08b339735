//! A room in numbers, as the web app's button asks for them.

use serde_json::{Value, json};

use crate::app::{TestApp, ask, body_of};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn statistics_are_for_the_owner_and_administrators() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = super::path_of(&counsellor.room().await.id) + "/statistics";
    let mut transcript = Transcript::default();

    transcript.say("an empty room", counsellor.get(&path)).await;
    transcript.say("an administrator", app.admin().await.get(&path)).await;
    transcript.say("somebody else", app.other_counsellor().await.get(&path)).await;
    transcript.say("nobody", app.get(&path)).await;
    let nowhere = super::path_of(super::UNKNOWN_ID) + "/statistics";
    transcript.say("no such room", counsellor.get(&nowhere)).await;

    transcript.check("rooms_statistics");
}

#[testkit::on_both_databases]
async fn visitors_are_counted_once_each_and_every_save() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (room, elsewhere) = (counsellor.room().await, counsellor.room().await);
    let path = super::path_of(&room.id);
    let statistics = format!("{path}/statistics");
    app.join(&elsewhere.code, "session-1").await;

    let leaver = body_of(app.join(&room.code, "session-1").await).await;
    app.join(&room.code, "session-2").await;
    let again = body_of(app.join(&room.code, "session-2").await).await;
    let leave = format!("/api/visitors/{}", leaver["id"].as_str().unwrap());
    ask(app.request("DELETE", &leave)).await;
    let (_, joined) = ask(counsellor.get(&statistics)).await;
    assert_eq!(joined, numbers(2, 0, &again["last_seen"]));

    let mut saved = Value::Null;
    for game in ["first", "second", "second"] {
        let state = format!("{path}/gameplay-states/{game}");
        saved = ask(counsellor.put(&state, &json!({ "state": {} }))).await.1;
    }
    let (_, played) = ask(counsellor.get(&statistics)).await;
    assert_eq!(played, numbers(2, 3, &saved["updated_at"]));
}

fn numbers(visitors: i64, saves: i64, last_activity: &Value) -> Value {
    json!({
        "total_events": visitors + saves,
        "unique_visitors": visitors,
        "last_activity": last_activity,
        "event_breakdown": { "visitor_joined": visitors, "gameplay_saved": saves },
    })
}
