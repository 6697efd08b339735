//! What requests and answers about gameplay states say.

use api::time;
use ids::{GameplayStateId, RoomId};
use serde::Serialize;
use serde_json::value::RawValue;
use store::Json;
use utoipa::ToSchema;

use crate::state::GameplayState;
use crate::statistics::Statistics;

/// A state to save.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described here, read as a `Document`")]
pub(crate) struct SaveRequest {
    /// The state: an object of any content.
    #[schema(value_type = Object, example = json!({ "cardPlacements": { "likeCards": ["riasec-social"] } }))]
    state: Box<RawValue>,
}

/// The saved state of a game.
#[derive(Serialize, ToSchema)]
pub(crate) struct StateView {
    #[schema(example = "personality_assessment")]
    gameplay_id: String,
    /// The state, as it was sent; its keys may come in another order.
    #[schema(value_type = Object)]
    state: Json,
    id: GameplayStateId,
    room_id: RoomId,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    last_played_at: String,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    created_at: String,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    updated_at: String,
}

impl From<GameplayState> for StateView {
    fn from(it: GameplayState) -> Self {
        Self {
            gameplay_id: it.gameplay_id,
            state: it.state,
            id: it.id,
            room_id: it.room_id,
            last_played_at: time::zulu(it.last_played_at),
            created_at: time::zulu(it.created_at),
            updated_at: time::zulu(it.updated_at),
        }
    }
}

/// The saved games of a room.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatesView {
    /// The states, the last played first.
    states: Vec<StateView>,
    summary: Summary,
}

/// The saved games of a room, in short.
#[derive(Serialize, ToSchema)]
pub(crate) struct Summary {
    total_gameplays_played: usize,
    most_recent_gameplay: Option<String>,
    #[schema(example = "2026-11-22T21:49:05.007362+00:00")]
    last_played_at: Option<String>,
}

impl From<Vec<GameplayState>> for StatesView {
    fn from(states: Vec<GameplayState>) -> Self {
        let latest = states.first();
        let summary = Summary {
            total_gameplays_played: states.len(),
            most_recent_gameplay: latest.map(|it| it.gameplay_id.clone()),
            last_played_at: latest.map(|it| time::offset(it.last_played_at)),
        };
        Self { states: states.into_iter().map(StateView::from).collect(), summary }
    }
}

/// That a state was deleted.
#[derive(Serialize, ToSchema)]
pub(crate) struct Removed {
    success: bool,
    #[schema(example = "Gameplay state deleted")]
    message: &'static str,
}

impl Default for Removed {
    fn default() -> Self {
        Self { success: true, message: "Gameplay state deleted" }
    }
}

/// What happened in a room.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatisticsView {
    /// All that is counted below.
    total_events: i64,
    /// People who joined, those who left included.
    unique_visitors: i64,
    /// The last sign of a visitor or of a game, in UTC, without a zone.
    last_activity: Option<String>,
    event_breakdown: EventBreakdown,
}

/// What is counted.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventBreakdown {
    /// People who joined.
    visitor_joined: i64,
    /// Games of which a state was saved.
    gameplay_saved: i64,
}

impl From<Statistics> for StatisticsView {
    fn from(it: Statistics) -> Self {
        Self {
            total_events: it.visitors + it.games,
            unique_visitors: it.visitors,
            last_activity: it.last_activity.map(time::naive),
            event_breakdown: EventBreakdown {
                visitor_joined: it.visitors,
                gameplay_saved: it.games,
            },
        }
    }
}
