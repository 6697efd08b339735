//! The saved states of games.

mod bounds;
mod ids;
mod invalid;
mod keep;
mod list;

use reqwest::RequestBuilder;

use crate::client::{Counsellor, Room};

/// The path of a game's state, or of all states.
fn path_of(room: &Room, game: &str) -> String {
    format!("/api/rooms/{}/gameplay-states/{game}", room.id)
}

/// A request to save a body as it stands here, byte by byte.
fn save(counsellor: &Counsellor<'_>, path: &str, body: impl Into<Vec<u8>>) -> RequestBuilder {
    let request = counsellor.request("PUT", path).header("content-type", "application/json");
    request.body(body.into())
}
