//! The cards of a game as its saved state has them, which another part of the service knows.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use ids::RoomId;
use serde_json::{Map, Value};

/// A card on the table, in a saved state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCard {
    /// The id of the card.
    pub card: String,
    /// The zone that it lies in.
    pub zone: String,
    /// The tokens on it, in a game that has them.
    pub tokens: Option<i64>,
}

/// The table of a game, in a saved state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SavedTable {
    /// The cards, each zone in its order.
    pub cards: Vec<SavedCard>,
    /// The settings of a game with tokens.
    pub settings: Map<String, Value>,
    /// Whether it is a game with tokens, whose table is shown as a whole.
    pub has_tokens: bool,
    /// When the state was saved; none when nothing was saved.
    pub saved_at: Option<DateTime<Utc>>,
}

/// A move of a visitor that no page may have saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsavedMove {
    /// The id of the card.
    pub card: String,
    /// The zone that it was moved to; `deck` takes it from the table.
    pub zone: String,
    /// A state that was saved at this time or later has the move, or its author did not want it.
    pub known_from: DateTime<Utc>,
}

/// Loads and saves the tables of games.
pub trait SavedTables: Send + Sync {
    /// The table of a game as it was saved; an empty one when nothing was saved, `None` when it cannot be
    /// loaded.
    fn load<'a>(&'a self, room: RoomId, game: &'a str) -> BoxFuture<'a, Option<SavedTable>>;

    /// Saves moves of visitors that the saved state lacks. Returns whether it is done; otherwise it is to be
    /// tried again.
    fn save<'a>(
        &'a self,
        room: RoomId,
        game: &'a str,
        moves: Vec<UnsavedMove>,
    ) -> BoxFuture<'a, bool>;
}
