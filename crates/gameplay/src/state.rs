//! The state of one game in one room.

use chrono::{DateTime, Utc};
use documents::Json;
use ids::{GameplayStateId, RoomId};
use serde_json::Value;
use utoipa::PartialSchema as _;
use utoipa::openapi::{RefOr, Schema};
use values::{Field, Location, PathParam, Text};

use crate::version::Tag;

/// The client's name of a game; any text of 1 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GameplayId(Text<1, 100>);

/// A game in a room: the unique key of a state.
pub(crate) type StateKey = (RoomId, GameplayId);

impl GameplayId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An id, if the text may be one.
    pub fn parse(text: &str) -> Option<Self> {
        Text::parse(text).ok().map(Self)
    }

    /// An id that was validated before, such as a column's.
    pub fn trusted(text: &str) -> Self {
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

/// The state of one game in one room: a document whose content only clients interpret.
#[derive(Clone, Debug, PartialEq)]
pub struct GameplayState {
    /// The id of the state. A state that is deleted and saved again gets a new one.
    pub id: GameplayStateId,
    /// The room that it belongs to.
    pub room_id: RoomId,
    /// The game.
    pub gameplay_id: GameplayId,
    /// The document.
    pub state: Json,
    /// The current version, from 1.
    pub version: i64,
    /// When version 1 was saved.
    pub created_at: DateTime<Utc>,
    /// When the current version was saved.
    pub saved_at: DateTime<Utc>,
}

impl GameplayState {
    /// The entity tag of this version.
    pub fn tag(&self) -> Tag {
        Tag { state: self.id, version: self.version }
    }
}
