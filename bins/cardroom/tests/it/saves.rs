//! Saves that are committed together, by one instance and by two.

pub(crate) mod ahead;
mod figures;
mod gone;
mod instances;
mod large;
pub(crate) mod line;
mod overlap;
mod poison;
mod queue;
mod repeats;
mod restored;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use testkit::Kind;

use crate::app::{TestApp, ask};
use crate::client::{Counsellor, Room};
use line::Saved;

/// Servers on one database: two on PostgreSQL, and one on SQLite, which allows no more.
async fn instances() -> Vec<TestApp> {
    let changes = [("CARDROOM__HISTORY__VERSIONS", "100000")];
    let first = TestApp::spawn_with(&changes).await;
    let mut instances = Vec::new();
    if first.database.kind == Kind::Postgres {
        instances.push(TestApp::spawn_on(first.database.clone(), &changes).await);
    }
    instances.insert(0, first);
    instances
}

/// The same counsellor, logged in at each of the instances.
async fn counsellors(instances: &[TestApp]) -> Vec<Counsellor<'_>> {
    let token = instances[0].token("demo.counselor@example.com").await;
    instances.iter().map(|app| Counsellor::new(app, token.clone())).collect()
}

/// The path of a game's state.
fn path_of(room: &Room, game: &str) -> String {
    format!("/api/rooms/{}/gameplay-states/{game}", room.id)
}

/// A save of a state that holds this marker.
fn save(counsellor: &Counsellor<'_>, path: &str, marker: &str) -> RequestBuilder {
    counsellor.put(path, &json!({ "state": { "marker": marker } }))
}

/// The save that an answer acknowledges.
fn acknowledged(answer: &Value) -> Saved {
    let marker = answer["state"]["marker"].as_str().expect("a marker").to_owned();
    Saved { version: answer["version"].as_i64().expect("a version"), marker, base: None }
}

/// The saves in the history, up to the current version.
async fn kept(counsellor: &Counsellor<'_>, path: &str) -> Vec<Saved> {
    let (_, state) = ask(counsellor.get(path)).await;
    let current = state["version"].as_i64().expect("a version");
    let mut kept = Vec::new();
    for version in 1..=current {
        let (status, snapshot) = ask(counsellor.get(&format!("{path}/history/{version}"))).await;
        assert_eq!(status, 200, "{snapshot}");
        kept.push(acknowledged(&snapshot));
    }
    kept
}
