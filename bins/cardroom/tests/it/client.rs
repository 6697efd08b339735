//! A client with an access token.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::app::{TestApp, body_of};

/// A client with an access token.
pub(crate) struct Counsellor<'a> {
    app: &'a TestApp,
    /// The access token.
    pub(crate) token: String,
}

/// The id and the code of a room.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    /// Its id.
    pub(crate) id: String,
    /// Its share code.
    pub(crate) code: String,
}

impl<'a> Counsellor<'a> {
    /// A client with this token.
    pub(crate) fn new(app: &'a TestApp, token: String) -> Self {
        Self { app, token }
    }

    /// A request with the token.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.app.request(method, path).bearer_auth(&self.token)
    }

    /// A GET with the token.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request("GET", path)
    }

    /// A POST of a JSON body, with the token.
    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request("POST", path).json(body)
    }

    /// A PUT of a JSON body, with the token.
    pub(crate) fn put(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request("PUT", path).json(body)
    }

    /// Opens a room.
    pub(crate) async fn room(&self) -> Room {
        let answer = self.post("/api/rooms", &json!({ "name": "A room" })).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let room = body_of(answer).await;
        let text = |key: &str| room[key].as_str().expect("text").to_owned();
        Room { id: text("id"), code: text("share_code") }
    }
}
