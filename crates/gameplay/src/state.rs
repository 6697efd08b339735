//! The state of one game in one room.

use api::{Field, PathParam, Spot, Text};
use chrono::{DateTime, Utc};
use ids::{GameplayStateId, RoomId};
use serde_json::Value;
use store::Json;

/// Which game, in the client's words; any text of 1 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GameplayId(Text<1, 100>);

impl GameplayId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Field for GameplayId {
    fn read(value: &Value, spot: &mut Spot<'_>) -> Option<Self> {
        Text::read(value, spot).map(Self)
    }
}

impl PathParam for GameplayId {
    const NAME: &'static str = "gameplay_id";
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
    /// When it was saved last.
    pub last_played_at: DateTime<Utc>,
    /// When it was saved first.
    pub created_at: DateTime<Utc>,
    /// When it was saved last.
    pub updated_at: DateTime<Utc>,
}
