//! The few requests of the API that a smoke test makes; each checks its status.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// A demo account, which the development profile creates.
const EMAIL: &str = "demo.counselor@example.com";
const PASSWORD: &str = "demo123";

/// The API as one logged-in counsellor, and as anybody.
#[derive(Clone)]
pub(super) struct Api {
    client: Client,
    base: String,
    token: String,
}

/// A room, as one needs it to go there.
#[derive(Clone)]
pub(super) struct Room {
    id: String,
    share_code: String,
}

impl Api {
    pub(super) async fn log_in(address: SocketAddr) -> Result<Self> {
        let client = Client::new();
        let base = format!("http://{address}");
        let login = client
            .post(format!("{base}/api/auth/login"))
            .json(&json!({"email": EMAIL, "password": PASSWORD}));
        let answer = send(login, StatusCode::OK).await?;
        Ok(Self { client, base, token: text(&answer, "access_token")? })
    }

    pub(super) async fn open_room(&self) -> Result<Room> {
        let request = self.client.post(self.at("rooms/")).bearer_auth(&self.token);
        let answer = send(request.json(&json!({"name": "Smoke"})), StatusCode::CREATED).await?;
        Ok(Room { id: text(&answer, "id")?, share_code: text(&answer, "share_code")? })
    }

    /// Joins the room; gives the visitor's id.
    pub(super) async fn join(&self, room: &Room, session: &str) -> Result<String> {
        let path = self.at(&format!("visitors/join-room/{}", room.share_code));
        let body = json!({"name": "Visitor", "session_id": session});
        let answer = send(self.client.post(path).json(&body), StatusCode::CREATED).await?;
        text(&answer, "id")
    }

    pub(super) async fn save(&self, room: &Room, gameplay: &str, state: &Value) -> Result<()> {
        let request = self.client.put(self.state_path(room, gameplay)).bearer_auth(&self.token);
        let answer = send(request.json(&json!({ "state": state })), StatusCode::OK).await?;
        expect(&answer, "state", state)
    }

    pub(super) async fn read_by_code(&self, room: &Room) -> Result<()> {
        let path = self.at(&format!("rooms/by-code/{}", room.share_code));
        let answer = send(self.client.get(path), StatusCode::OK).await?;
        expect(&answer, "id", &json!(room.id))
    }

    /// The visitors of the room: their ids by their sessions.
    pub(super) async fn visitors(&self, room: &Room) -> Result<HashMap<String, String>> {
        let path = self.at(&format!("visitors/room/{}", room.id));
        let answer = send(self.client.get(path).bearer_auth(&self.token), StatusCode::OK).await?;
        let list = answer.as_array().with_context(|| format!("not a list: {answer}"))?;
        list.iter().map(|it| Ok((text(it, "session_id")?, text(it, "id")?))).collect()
    }

    pub(super) async fn state(&self, room: &Room, gameplay: &str) -> Result<Value> {
        let request = self.client.get(self.state_path(room, gameplay)).bearer_auth(&self.token);
        let mut answer = send(request, StatusCode::OK).await?;
        Ok(answer["state"].take())
    }

    fn at(&self, path: &str) -> String {
        format!("{}/api/{path}", self.base)
    }

    fn state_path(&self, room: &Room, gameplay: &str) -> String {
        self.at(&format!("rooms/{}/gameplay-states/{gameplay}", room.id))
    }
}

/// Sends a request; any other status than the expected one is an error that carries the answer.
async fn send(request: RequestBuilder, expected: StatusCode) -> Result<Value> {
    let (client, request) = request.build_split();
    let request = request?;
    let what = format!("{} {}", request.method(), request.url());
    let answer = client.execute(request).await.with_context(|| what.clone())?;
    let status = answer.status();
    let body = answer.text().await.with_context(|| what.clone())?;
    if status != expected {
        bail!("{what}: {status} instead of {expected}: {body}");
    }
    serde_json::from_str(&body).with_context(|| format!("{what}: {body}"))
}

fn text(answer: &Value, key: &str) -> Result<String> {
    let value = answer[key].as_str().with_context(|| format!("no `{key}` in {answer}"))?;
    Ok(value.to_owned())
}

fn expect(answer: &Value, key: &str, expected: &Value) -> Result<()> {
    if answer[key] != *expected {
        bail!("`{key}` is not {expected} in {answer}");
    }
    Ok(())
}
