//! Events that only the server or the owner sends.

use serde_json::json;

use super::{BY_TOKEN, reason, visitor_token, with_token};
use crate::app::TestApp;
use crate::realtime::socket::Socket;

#[testkit::on_both_databases]
async fn a_visitor_ends_no_session_however_the_event_is_written() {
    let app = TestApp::spawn_with(&[BY_TOKEN]).await;
    let ada = app.counsellor().await;
    let room = ada.room().await;
    let topic = format!("realtime:room:{}", room.id);
    let token = &visitor_token(&app, &room.code).await;
    let (mut owner, mut mei) = (Socket::second(&app).await, Socket::second(&app).await);
    assert_eq!(owner.join(&topic, &with_token(&ada.token)).await["status"], "ok");
    assert_eq!(mei.join(&topic, &with_token(token)).await["status"], "ok");
    // Clients compare events without case, some in Turkish.
    for event in ["Session_Ended", "SESSION_ENDED", "sess\u{130}on_ended", "State_Saved"] {
        let reference = mei.broadcast(&topic, event, &json!({})).await;
        assert!(reason(&mei.reply(&reference).await).starts_with("Unauthorized"), "{event}");
        let path = format!("/realtime/v1/api/broadcast/room:{}/events/{event}", room.id);
        let answer = app.post(&path, &json!({})).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{event}");
    }
    let answer = mei.track(&topic, &json!({ "role": "Owner" })).await;
    assert!(reason(&answer).starts_with("Unauthorized"), "{answer}");
    let reference = owner.broadcast(&topic, "Replay_Incomplete", &json!({})).await;
    assert!(reason(&owner.reply(&reference).await).starts_with("Unauthorized"));
    let reference = owner.broadcast(&topic, "Session_Ended", &json!({})).await;
    assert_eq!(owner.reply(&reference).await["status"], "ok");
}
