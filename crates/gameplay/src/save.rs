//! A save, and what came of it.

use chrono::{DateTime, Utc};
use database::idempotency::IdempotentRequest;
use ids::RoomId;

use crate::author::Author;
use crate::change::{Change, ChangeError};
use crate::plan::Key;
use crate::state::{GameplayId, GameplayState};
use crate::version::{Condition, Tag};

/// A save that somebody asks for.
#[derive(Clone, Debug)]
pub struct Save {
    /// In which room.
    pub room_id: RoomId,
    /// Of which game.
    pub gameplay_id: GameplayId,
    /// Who asks.
    pub author: Author,
    /// What is to happen to the document.
    pub change: Change,
    /// Which version it has to be made of.
    pub condition: Condition,
    /// The client's name for it, if it may be repeated.
    pub attempt: Option<IdempotentRequest>,
    /// When it was asked for.
    pub at: DateTime<Utc>,
}

impl Save {
    /// Which document it is about.
    pub(crate) fn key(&self) -> Key {
        (self.room_id, self.gameplay_id.clone())
    }
}

/// What came of a save that reached the database.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is on disk, as this version.
    Saved(GameplayState),
    /// The condition does not hold of what is there.
    Stale(Option<Tag>),
    /// There is nothing that it could change.
    Nothing,
    /// The change does not fit what is there.
    Misfit(ChangeError),
    /// The client's name for it stands for another save.
    KeyReused,
}
