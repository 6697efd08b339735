//! What the server has acknowledged, as recorded by the clients.

use std::sync::Arc;

/// A room, with the access token of its owner.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) token: Arc<str>,
}

/// A game in a room.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) room: Arc<Room>,
    pub(crate) path: Arc<str>,
}

impl Document {
    pub(crate) fn new(room: &Arc<Room>, game: &str) -> Self {
        let path = format!("/api/rooms/{}/gameplay-states/{game}", room.id).into();
        Self { room: room.clone(), path }
    }
}

/// An acknowledged save.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub(crate) document: Document,
    pub(crate) version: i64,
    /// Identifies the save: no two saves have the same.
    pub(crate) marker: u64,
}

/// An acknowledged join.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    pub(crate) room: Arc<Room>,
    pub(crate) session: String,
    pub(crate) visitor: String,
}

/// What the server acknowledged to one user or to many, and the requests without an answer, which may or
/// may not have been carried out.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) saves: Vec<Saved>,
    pub(crate) joins: Vec<Joined>,
    pub(crate) unsure_saves: Vec<Document>,
    pub(crate) unsure_joins: Vec<Arc<Room>>,
}

impl Evidence {
    pub(crate) fn add(&mut self, other: Self) {
        self.saves.extend(other.saves);
        self.joins.extend(other.joins);
        self.unsure_saves.extend(other.unsure_saves);
        self.unsure_joins.extend(other.unsure_joins);
    }
}
