//! Visitors, who have no account.

mod heartbeat;
mod join;
mod leave;
mod list;
mod turned_away;

use serde_json::{Value, json};

use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::client::Room;

/// An id that no row has.
const UNKNOWN_ID: &str = "00000000-0000-4000-8000-000000000000";

/// The path of a visitor.
fn path_of(visitor: &Value) -> String {
    format!("/api/visitors/{}", visitor["id"].as_str().expect("an id"))
}

/// Joins a room and returns the visitor.
async fn joined(app: &TestApp, room: &Room, name: &str, session: &str) -> Value {
    let body = json!({ "name": name, "session_id": session });
    let path = format!("/api/visitors/join-room/{}", room.code);
    let (status, mut visitor) = ask(app.post(&path, &body)).await;
    assert_eq!(status, 201, "{visitor}");
    let token = visitor.as_object_mut().and_then(|it| it.remove("visitor_token"));
    assert!(token.is_some_and(|it| it.is_string()));
    visitor
}

/// Moves recorded times an hour into the future, as if the server's clock were an hour slow.
async fn set_clocks_back(app: &TestApp) {
    let postgres = "UPDATE visitors SET last_seen = last_seen + interval '1 hour'";
    let sqlite = "UPDATE visitors SET last_seen = last_seen + 3600 * 1000000";
    Behind::of(app).carry_out(postgres, sqlite).await;
}
