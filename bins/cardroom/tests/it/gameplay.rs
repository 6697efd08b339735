//! The saved states of games.

mod bounds;
mod damaged;
mod delete;
mod history;
mod history_kept;
mod ids;
mod invalid;
mod keep;
mod list;
mod many_games;
mod patch;
mod patch_bounds;
mod patch_race;
mod versions;
mod visitor;

use reqwest::RequestBuilder;
use serde_json::Value;

use crate::client::{Counsellor, Room};

/// The path of a game's state, or of all states.
fn path_of(room: &Room, game: &str) -> String {
    format!("/api/rooms/{}/gameplay-states/{game}", room.id)
}

/// A request to save exactly these bytes.
fn save(counsellor: &Counsellor<'_>, path: &str, body: impl Into<Vec<u8>>) -> RequestBuilder {
    let request = counsellor.request("PUT", path).header("content-type", "application/json");
    request.body(body.into())
}

/// The content type of a merge patch.
const MERGE: &str = "application/merge-patch+json";

/// The content type of a list of patch operations.
const OPERATIONS: &str = "application/json-patch+json";

/// A request to patch a state, with a list of operations or else with a merge patch.
fn patch(who: &Counsellor<'_>, path: &str, body: &Value) -> RequestBuilder {
    patch_text(who, path, if body.is_array() { OPERATIONS } else { MERGE }, body.to_string())
}

/// A request to patch a state with exactly this body.
fn patch_text(who: &Counsellor<'_>, path: &str, kind: &str, body: String) -> RequestBuilder {
    who.request("PATCH", path).header("content-type", kind).body(body)
}

/// The entity tag of a state in an answer.
fn tag_of(state: &Value) -> String {
    let id = state["id"].as_str().expect("an id").replace('-', "");
    format!(r#""{}-{id}""#, state["version"])
}
