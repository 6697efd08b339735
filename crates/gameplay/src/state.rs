//! The state of one game in one room.

use chrono::{DateTime, Utc};
use documents::Json;
use ids::{GameplayStateId, RoomId};
use serde_json::Value;
use utoipa::PartialSchema as _;
use utoipa::openapi::{RefOr, Schema};
use values::{Field, Location, PathParam, Text};

use crate::version::Tag;

/// Which game, in the client's words; any text of 1 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GameplayId(Text<1, 100>);

impl GameplayId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl GameplayId {
    /// An id as a state has it.
    pub(crate) fn from_column(text: &str) -> Self {
        Self(Text::trusted(text))
    }
}

impl Field for GameplayId {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        Text::read(value, location).map(Self)
    }
}

impl PathParam for GameplayId {
    const NAME: &'static str = "gameplay_id";
    const DESCRIPTION: &'static str = "The game";

    fn schema() -> RefOr<Schema> {
        Text::<1, 100>::schema()
    }
}

/// The state of one game in one room: a document that clients understand and we keep.
#[derive(Clone, Debug, PartialEq)]
pub struct GameplayState {
    /// Which state.
    pub id: GameplayStateId,
    /// Whose room it belongs to.
    pub room_id: RoomId,
    /// Which game.
    pub gameplay_id: String,
    /// The document.
    pub state: Json,
    /// Which version of it this is, from 1.
    pub version: i64,
    /// When it was saved last.
    pub last_played_at: DateTime<Utc>,
    /// When it was saved first.
    pub created_at: DateTime<Utc>,
    /// When it was saved last.
    pub updated_at: DateTime<Utc>,
}

impl GameplayState {
    /// The entity tag of this version.
    pub fn tag(&self) -> Tag {
        Tag { state: self.id, version: self.version }
    }
}
