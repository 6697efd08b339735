//! A restart of the server is not a leave.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::socket::Socket;
use crate::app::TestApp;

fn with_key(key: &str) -> serde_json::Value {
    json!({ "config": { "presence": { "key": key, "enabled": true } } })
}

#[testkit::on_both_databases]
async fn a_visitor_that_is_back_before_the_owner_does_not_see_the_owner_leave() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__PRESENCE_SETTLE_MS", "2000")]).await;
    let topic = format!("realtime:room:{}", app.counsellor().await.room().await.id);
    let (mut visitor, mut owner) = (Socket::second(&app).await, Socket::first(&app).await);
    // Until `presence_state` arrives, clients show the presence from before the restart.
    assert_eq!(visitor.join(&topic, &with_key("visitor")).await["status"], "ok");
    sleep(Duration::from_millis(400)).await;
    assert_eq!(owner.join(&topic, &with_key("owner")).await["status"], "ok");
    owner.track(&topic, &json!({ "role": "owner" })).await;
    for socket in [&mut visitor, &mut owner] {
        let state = socket.receive_event("presence_state").await.payload;
        assert_eq!(state["owner"]["metas"][0]["role"], "owner", "{state}");
    }
    // Later members get the presence at once.
    let mut late = Socket::second(&app).await;
    assert_eq!(late.join(&topic, &with_key("late")).await["status"], "ok");
    assert_eq!(late.receive().await.event, "presence_state");
}
