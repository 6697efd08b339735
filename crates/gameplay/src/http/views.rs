//! The JSON of requests and answers about gameplay states.

use documents::Json;
use ids::{AuthorId, GameplayStateId, RoomId};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use values::time;

use crate::author::AuthorKind;
use crate::history::{ListedVersion, Snapshot};
use crate::state::GameplayState;
use crate::states::{Cursor, Page};
use crate::statistics::Statistics;
use crate::version::Version;

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
    /// 1 for the first save, and one more for each that follows. Also in the `ETag`.
    #[schema(minimum = 1, example = 7)]
    version: i64,
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
            gameplay_id: it.gameplay_id.as_str().to_owned(),
            state: it.state,
            id: it.id,
            room_id: it.room_id,
            version: it.version,
            last_played_at: time::zulu(it.saved_at),
            created_at: time::zulu(it.created_at),
            updated_at: time::zulu(it.saved_at),
        }
    }
}

/// The saved games of a room.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatesView {
    /// The states, the last played first.
    states: Vec<StateView>,
    summary: Summary,
    /// The `after` of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<String>,
}

/// The saved games of a room, in short.
#[derive(Serialize, ToSchema)]
pub(crate) struct Summary {
    total_gameplays_played: usize,
    most_recent_gameplay: Option<String>,
    #[schema(example = "2026-11-22T21:49:05.007362+00:00")]
    last_played_at: Option<String>,
}

impl From<Page> for StatesView {
    fn from(page: Page) -> Self {
        let (most_recent, last_played_at) = page.latest.unzip();
        let summary = Summary {
            total_gameplays_played: page.total,
            most_recent_gameplay: most_recent,
            last_played_at: last_played_at.map(time::offset),
        };
        Self {
            states: page.states.into_iter().map(StateView::from).collect(),
            summary,
            next_after: page.next.map(Cursor::text),
        }
    }
}

/// The versions of a state.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryView {
    /// The version that is current.
    version: i64,
    /// Newest first.
    versions: Vec<VersionView>,
    /// The `before` of the next page, which is empty when nothing older is kept; none at version 1.
    next_before: Option<i64>,
}

/// A version of a state.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionView {
    version: i64,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    saved_at: String,
    saved_by: AuthorView,
    /// Length of the document, in bytes.
    bytes: i32,
    /// The members of the state that differ from the version before.
    changed: Vec<String>,
}

/// The author of a version.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuthorView {
    /// `counselor` or `visitor`, or `server` for moves of visitors that no page saved.
    #[schema(example = "counselor")]
    role: &'static str,
    id: AuthorId,
}

/// A version of a state, with its document.
#[derive(Serialize, ToSchema)]
pub(crate) struct SnapshotView {
    version: i64,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    saved_at: String,
    saved_by: AuthorView,
    /// The state as it was.
    #[schema(value_type = Object)]
    state: Json,
}

impl HistoryView {
    /// A page of the versions of a state that is at version `current`.
    pub(crate) fn of(current: i64, versions: Vec<ListedVersion>) -> Self {
        let oldest = versions.last();
        let next_before = oldest.map(|it| it.version.number).filter(|number| *number > 1);
        Self {
            version: current,
            versions: versions.into_iter().map(VersionView::from).collect(),
            next_before,
        }
    }
}

impl From<ListedVersion> for VersionView {
    fn from(it: ListedVersion) -> Self {
        Self {
            version: it.version.number,
            saved_at: time::zulu(it.version.saved_at),
            saved_by: it.version.into(),
            bytes: it.version.bytes,
            changed: it.changed,
        }
    }
}

impl From<Snapshot> for SnapshotView {
    fn from(it: Snapshot) -> Self {
        Self {
            version: it.version.number,
            saved_at: time::zulu(it.version.saved_at),
            saved_by: it.version.into(),
            state: it.document,
        }
    }
}

impl From<Version> for AuthorView {
    fn from(version: Version) -> Self {
        let role = match version.author {
            AuthorKind::Counsellor => "counselor",
            AuthorKind::Visitor => "visitor",
            AuthorKind::Server => "server",
        };
        Self { role, id: version.author_id }
    }
}

/// Confirmation that a state was deleted.
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

/// Statistics of a room.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatisticsView {
    /// The sum of the counts below.
    total_events: i64,
    /// Visitors who joined, including those who left.
    unique_visitors: i64,
    /// When a visitor was last seen or a state last saved, in UTC.
    last_activity: Option<String>,
    event_breakdown: EventBreakdown,
}

/// Counts by kind of event.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventBreakdown {
    /// Visitors who joined.
    visitor_joined: i64,
    /// Saves of the states of games.
    gameplay_saved: i64,
}

impl From<Statistics> for StatisticsView {
    fn from(it: Statistics) -> Self {
        Self {
            total_events: it.visitors + it.saves,
            unique_visitors: it.visitors,
            last_activity: it.last_activity.map(time::zulu),
            event_breakdown: EventBreakdown {
                visitor_joined: it.visitors,
                gameplay_saved: it.saves,
            },
        }
    }
}
