//! The parts of the service that realtime shares with the rest, and the events that it is sent.

use std::sync::Arc;

use auth::Auth;
use gameplay::{AuthorKind, Deletion, GameplayState, Save, StateListener};
use realtime::{Bus, Realtime, RoomEvent, ServerEvent};
use rooms::{Directory, EndedRooms};
use serde::Serialize;
use settings::Settings;
use tokio::runtime::Handle;

use crate::bounds::document_bounds;
use crate::saved_tables::Tables;

/// The realtime channels, and their sources of events.
#[derive(Clone)]
pub struct Live {
    pub(crate) realtime: Realtime,
    pub(crate) ended_rooms: EndedRooms,
    pub(crate) directory: Directory,
    pub(crate) tables: Arc<Tables>,
}

impl Live {
    /// No channels yet.
    pub fn new(settings: &Settings, auth: &Auth, runtime: &Handle) -> Self {
        let directory = Directory::of(&auth.db, runtime);
        let bounds = document_bounds(settings);
        let tables = Arc::new(Tables::new(auth.db.clone(), directory.clone(), bounds));
        let realtime = Realtime::new(settings, auth.clone(), directory.clone(), tables.clone());
        Self { realtime, ended_rooms: EndedRooms::default(), directory, tables }
    }

    /// Announces saves and deletions in their rooms.
    pub(crate) fn state_listener(&self) -> Arc<dyn StateListener> {
        Arc::new(Announcer(self.realtime.hub.clone()))
    }
}

/// Announces every save and every deletion to its room.
struct Announcer(Arc<dyn Bus>);

/// The payload of `state_saved`.
#[derive(Serialize)]
struct StateSaved<'a> {
    gameplay_id: &'a str,
    version: i64,
    /// `owner`, `visitor`, or `server`. The id of a visitor is a credential, so it is not revealed.
    saved_by: &'static str,
    saved_at: String,
}

/// The payload of `state_deleted`.
#[derive(Serialize)]
struct StateDeleted<'a> {
    gameplay_id: &'a str,
    /// The last version of the state that was deleted.
    version: i64,
    deleted_at: String,
}

/// The JSON of a payload; an event that cannot be written is logged and not announced.
fn payload(event: ServerEvent, payload: &impl Serialize) -> Option<String> {
    let json = serde_json::to_string(payload);
    json.inspect_err(|error| tracing::error!("{} is not announced: {error}", event.as_str())).ok()
}

impl StateListener for Announcer {
    fn on_saved(&self, save: &Save, state: &GameplayState) {
        let saved = StateSaved {
            gameplay_id: state.gameplay_id.as_str(),
            version: state.version,
            saved_by: match save.author.kind() {
                AuthorKind::Counsellor => "owner",
                AuthorKind::Visitor => "visitor",
                AuthorKind::Server => "server",
            },
            saved_at: values::time::zulu(state.saved_at),
        };
        let (room, event) = (state.room_id, ServerEvent::StateSaved);
        if let Some(payload) = payload(event, &saved) {
            self.0.publish(RoomEvent::Announcement { room, event, payload });
        }
    }

    fn on_deleted(&self, deletion: &Deletion) {
        let deleted = StateDeleted {
            gameplay_id: deletion.gameplay_id.as_str(),
            version: deletion.tag.version,
            deleted_at: values::time::zulu(deletion.at),
        };
        let (room, event) = (deletion.room_id, ServerEvent::StateDeleted);
        if let Some(payload) = payload(event, &deleted) {
            self.0.publish(RoomEvent::Announcement { room, event, payload });
        }
    }
}
