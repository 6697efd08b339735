//! The shortest way through the product.

use serde_json::{Value, json};

use crate::app::{TestApp, body_of};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn a_counsellor_opens_a_room_where_a_visitor_joins_and_a_state_is_saved() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let mut transcript = Transcript::default();

    let new = json!({ "name": "Tuesday group" });
    let room = transcript.say("open a room", counsellor.post("/api/rooms/", &new)).await;
    let code = room["share_code"].as_str().unwrap();
    let visitor = body_of(app.join(code, "session-1").await).await;
    let again = body_of(app.join(code, "session-1").await).await;
    let path = format!(
        "/api/rooms/{}/gameplay-states/personality_assessment",
        room["id"].as_str().unwrap()
    );
    let state = json!({ "state": { "likeCards": ["riasec-social"], "b": 1, "a": 1.50 } });
    transcript.say("save", counsellor.put(&path, &state)).await;
    let loaded: Value = transcript.say("load", counsellor.get(&path)).await;

    assert_eq!(visitor["id"], again["id"]);
    assert_eq!(loaded["state"], state["state"]);
    transcript.check("smoke");
}
