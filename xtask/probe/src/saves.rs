//! A room in which games are saved, and what is there of them afterwards.

mod check;

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use reqwest::Client;
use serde_json::{Value, json};

pub(crate) use check::Version;

/// Keeps every version of a round, and does not log each request.
pub(crate) const SETTINGS: [(&str, &str); 2] =
    [("CARDROOM__HISTORY__VERSIONS", "1000000"), ("CARDROOM__LOG__FILTER", "error")];

const EMAIL: &str = "demo.counselor@example.com";
const PASSWORD: &str = "demo123";

/// What the server acknowledged, by game.
pub(crate) type Acknowledged = HashMap<String, Vec<Version>>;

/// A new room of the demo counsellor.
pub(crate) struct Room {
    pub(crate) client: Client,
    pub(crate) token: String,
    /// The path of its states.
    pub(crate) path: String,
}

impl Room {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let client = Client::new();
        let login = json!({ "email": EMAIL, "password": PASSWORD });
        let login = client.post(format!("{url}/api/auth/login")).json(&login);
        let login: Value = login.send().await?.error_for_status()?.json().await?;
        let token = login["access_token"].as_str().context("no token")?.to_owned();
        let room = client.post(format!("{url}/api/rooms")).bearer_auth(&token);
        let room = room.json(&json!({ "name": "probe" }));
        let room: Value = room.send().await?.error_for_status()?.json().await?;
        let room = room["id"].as_str().context("no room")?;
        let path = format!("/api/rooms/{room}/gameplay-states");
        Ok(Self { client, token, path })
    }

    /// Checks that the server at `url` has whatever was acknowledged; gives the number of versions.
    pub(crate) async fn check(&self, url: &str, acknowledged: &Acknowledged) -> Result<usize> {
        for (game, acknowledged) in acknowledged {
            let found = self.history(url, game).await?;
            check::check(acknowledged, &found).with_context(|| game.clone())?;
        }
        Ok(acknowledged.values().map(Vec::len).sum())
    }

    /// Every version of a game with its marker, from the first to the current one.
    async fn history(&self, url: &str, game: &str) -> Result<Vec<Version>> {
        let game = format!("{url}{}/{game}", self.path);
        let current = self.get(&game).await?;
        let last = current["version"].as_i64().context("no version")?;
        let version = async |number: i64| {
            let found = self.get(&format!("{game}/history/{number}")).await?;
            let marker = found["state"]["marker"].as_u64().context("no marker")?;
            anyhow::Ok(Version { number, marker })
        };
        try_join_all((1..=last).map(version)).await
    }

    async fn get(&self, url: &str) -> Result<Value> {
        let request = self.client.get(url).bearer_auth(&self.token);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}

/// Sorts what was acknowledged by game.
pub(crate) fn by_game(all: impl IntoIterator<Item = (String, Version)>) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    for (game, version) in all {
        acknowledged.entry(game).or_default().push(version);
    }
    acknowledged
}
