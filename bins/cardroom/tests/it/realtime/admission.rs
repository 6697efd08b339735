//! Admission to channels: rooms, tokens and keys.

mod events;
mod expiry;
mod identity;
mod keys;
mod rooms;

use serde_json::{Value, json};

use crate::app::{TestApp, body_of};

const BY_TOKEN: (&str, &str) = ("CARDROOM__REALTIME__ADMISSION", "token");

/// The token of a new visitor of the room with this code.
async fn visitor_token(app: &TestApp, code: &str) -> String {
    let visitor = body_of(app.join(code, "session").await).await;
    visitor["visitor_token"].as_str().unwrap().to_owned()
}

fn with_token(token: &str) -> Value {
    json!({ "access_token": token, "config": { "broadcast": { "ack": true }, "presence": { "key": "chosen" } } })
}

fn reason(answer: &Value) -> &str {
    assert_eq!(answer["status"], "error", "{answer}");
    answer["response"]["reason"].as_str().unwrap()
}
