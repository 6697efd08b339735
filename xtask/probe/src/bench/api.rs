//! What the loads are about: fifty rooms, their games and their visitors.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use reqwest::Client;
use serde_json::{Value, json};

use super::load::Requests;
use crate::http::request;

/// Rooms of the one counsellor.
const ROOMS: usize = 50;

/// Games in each room.
const GAMES: u64 = 20;

/// Visitors who send heartbeats.
const VISITORS: usize = 1000;

const EMAIL: &str = "demo.counselor@example.com";
const PASSWORD: &str = "demo123";

/// The rooms of a counsellor.
pub(super) struct Stage {
    url: String,
    client: Client,
    token: Arc<str>,
    rooms: Arc<[Room]>,
}

struct Room {
    id: String,
    code: String,
}

impl Stage {
    pub(super) async fn set(address: SocketAddr) -> Result<Self> {
        let (url, client) = (format!("http://{address}"), Client::new());
        let login = json!({ "email": EMAIL, "password": PASSWORD });
        let login = client.post(format!("{url}/api/auth/login")).json(&login);
        let answer: Value = login.send().await?.error_for_status()?.json().await?;
        let token = text(&answer, "access_token")?;
        let mut rooms = Vec::new();
        for _ in 0..ROOMS {
            let room = client.post(format!("{url}/api/rooms")).bearer_auth(&token);
            let room = room.json(&json!({ "name": "bench" }));
            let room: Value = room.send().await?.error_for_status()?.json().await?;
            rooms.push(Room { id: text(&room, "id")?, code: text(&room, "share_code")? });
        }
        Ok(Self { url, client, token: token.into(), rooms: rooms.into() })
    }

    /// Saves: each connection has its own room and goes round its games; one card moves each time.
    pub(super) fn save(&self) -> Requests {
        let (token, rooms) = (self.token.clone(), self.rooms.clone());
        Arc::new(move |connection, n| {
            let room = &rooms[connection % rooms.len()].id;
            // Connections that share a room do not share its games.
            let game = format!("game-{}-{}", connection / rooms.len(), n % GAMES);
            let path = format!("/api/rooms/{room}/gameplay-states/{game}");
            let body = format!(r#"{{"state":{}}}"#, document::state(n));
            request("PUT", &path, &token, &body)
        })
    }

    /// Joins: half of them new sessions, half of them sessions that joined before.
    pub(super) fn join(&self) -> Requests {
        let rooms = self.rooms.clone();
        let run = rooms.first().map(|room| room.id.clone()).unwrap_or_default();
        Arc::new(move |connection, n| {
            let code = &rooms[connection % rooms.len()].code;
            let session = n / 2;
            let body = format!(r#"{{"name":"Mei","session_id":"{run}-{connection}-{session}"}}"#);
            request("POST", &format!("/api/visitors/join-room/{code}"), "none", &body)
        })
    }

    /// Heartbeats of visitors who joined before.
    pub(super) async fn heartbeat(&self) -> Result<Requests> {
        let mut visitors = Vec::new();
        for number in 0..VISITORS {
            let code = &self.rooms[number % self.rooms.len()].code;
            let join = self.client.post(format!("{}/api/visitors/join-room/{code}", self.url));
            let join = join.json(&json!({ "name": "Mei", "session_id": format!("beat-{number}") }));
            let visitor: Value = join.send().await?.error_for_status()?.json().await?;
            visitors.push(text(&visitor, "id")?);
        }
        Ok(Arc::new(move |connection, n| {
            let number = connection + usize::try_from(n).unwrap_or_default() * 50;
            let id = &visitors[number % visitors.len()];
            request("PUT", &format!("/api/visitors/{id}/heartbeat"), "none", "")
        }))
    }
}

fn text(answer: &Value, field: &str) -> Result<String> {
    Ok(answer[field].as_str().with_context(|| format!("no {field} in {answer}"))?.to_owned())
}
