//! Clients of counsellors, from creation to their records.

mod access;
mod create;
mod list;
mod manage;
mod records;
mod rooms;
mod together;
mod valid;
mod verify;

use serde_json::{Value, json};

use crate::app::ask;
use crate::client::Counsellor;

pub(crate) use verify::mailed_token;

/// An id that no row has.
const UNKNOWN_ID: &str = "00000000-0000-4000-8000-000000000000";

/// The path of a client.
fn path_of(client: &Value) -> String {
    format!("/api/clients/{}", client["id"].as_str().unwrap())
}

/// Creates a client of this name.
async fn create(counsellor: &Counsellor<'_>, name: &str) -> Value {
    let (status, client) = ask(counsellor.post("/api/clients", &json!({ "name": name }))).await;
    assert_eq!(status, 200, "{client}");
    client
}

/// The names of the clients that a list answers.
async fn names(counsellor: &Counsellor<'_>, query: &str) -> Vec<String> {
    let (status, clients) = ask(counsellor.get(&format!("/api/clients?{query}"))).await;
    assert_eq!(status, 200, "{clients}");
    let clients = clients.as_array().unwrap().iter();
    clients.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

/// A record of a consultation with the client in this room.
fn record(client: &Value, room: &Value, date: &str) -> Value {
    json!({ "client_id": client["id"], "room_id": room, "session_date": date })
}
