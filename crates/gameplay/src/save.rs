//! A save and its outcome.

use chrono::{DateTime, Utc};
use database::idempotency::IdempotentRequest;
use ids::RoomId;
use values::time;

use crate::access::Access;
use crate::author::Author;
use crate::change::{Change, ChangeError};
use crate::precomputed::{self, Precomputed, Uncomputed};
use crate::state::{GameplayId, GameplayState, StateKey};
use crate::stored_answer::StoredAnswer;
use crate::version::{Condition, Tag};

/// A request to save a state.
#[derive(Clone, Debug)]
pub struct Save {
    /// The room.
    pub room_id: RoomId,
    /// The game.
    pub gameplay_id: GameplayId,
    /// The author of the new version.
    pub author: Author,
    /// The change to the document.
    pub change: Change,
    /// The condition on the current version.
    pub condition: Condition,
    /// The change as it was computed ahead, if it is expensive.
    pub precomputed: Option<Precomputed>,
    /// The attempt under an `Idempotency-Key`, if the client sent one.
    pub attempt: Option<IdempotentRequest>,
    /// The deleted state that it brings back, when the game has none.
    pub restores: Option<Deleted>,
    /// When the request was received.
    pub at: DateTime<Utc>,
}

/// A deleted state whose history is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Its last version.
    pub tag: Tag,
    /// When its first version was saved.
    pub created_at: DateTime<Utc>,
}

impl Save {
    /// An unconditional save that is received now.
    pub fn of(access: Access, gameplay_id: GameplayId, change: Change) -> Self {
        let Access { room_id, author } = access;
        let (condition, at) = (Condition::default(), time::now());
        Self {
            room_id,
            gameplay_id,
            author,
            change,
            condition,
            precomputed: None,
            attempt: None,
            restores: None,
            at,
        }
    }

    /// Whether it writes a large document.
    pub(crate) fn is_large(&self) -> bool {
        let whole = match &self.change {
            Change::Replace(document) => document.text().len(),
            Change::Merge(_) | Change::Patch(_) => 0,
        };
        let bytes = self.precomputed.as_ref().map_or(whole, Precomputed::bytes);
        precomputed::is_large(bytes)
    }

    /// The key of the state that it changes.
    pub(crate) fn key(&self) -> StateKey {
        (self.room_id, self.gameplay_id.clone())
    }
}

/// The outcome of a save that reached the database.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Committed as this version.
    Saved(GameplayState),
    /// Carried out earlier, under the same `Idempotency-Key`.
    Repeated(StoredAnswer),
    /// The condition does not hold for the current version.
    Stale(Option<Tag>),
    /// There is no state to change.
    NoState,
    /// The change cannot be applied to the current document.
    NotApplicable(ChangeError),
    /// The change is expensive, and was not computed ahead on this version, which is the current one.
    Expensive(Uncomputed),
    /// The stored document is damaged, so that there is nothing to apply the change to.
    Damaged(Tag),
    /// The room has this many games, and takes no more.
    TooManyGames(usize),
    /// The `Idempotency-Key` belongs to another request.
    KeyReused,
}

impl Outcome {
    /// Whether it is a refusal because of the current document.
    pub(crate) fn depends_on_current(&self) -> bool {
        match self {
            // Nothing is committed that was computed on a version that is not current.
            Self::Expensive(_)
            | Self::Saved(_)
            | Self::Repeated(_)
            | Self::TooManyGames(_)
            | Self::KeyReused => false,
            Self::Stale(_) | Self::NoState | Self::NotApplicable(_) | Self::Damaged(_) => true,
        }
    }
}
