//! The parts of the service that realtime shares with the rest, and the events that it is sent.

use std::sync::Arc;

use auth::Auth;
use gameplay::{GameplayState, Save, SaveListener};
use realtime::{Bus, Realtime, RoomEvent, ServerEvent};
use rooms::{Directory, EndedRooms};
use serde::Serialize;
use settings::Settings;
use tokio::runtime::Handle;

/// The realtime channels, and their sources of events.
#[derive(Clone)]
pub struct Live {
    pub(crate) realtime: Realtime,
    pub(crate) ended_rooms: EndedRooms,
    pub(crate) directory: Directory,
}

impl Live {
    /// No channels yet.
    pub fn new(settings: &Settings, auth: &Auth, runtime: &Handle) -> Self {
        let directory = Directory::of(&auth.db, runtime);
        let realtime = Realtime::new(settings, auth.clone(), directory.clone());
        Self { realtime, ended_rooms: EndedRooms::default(), directory }
    }

    /// Announces saves in their rooms.
    pub(crate) fn save_listener(&self) -> Arc<dyn SaveListener> {
        Arc::new(Announcer(self.realtime.hub.clone()))
    }
}

/// Announces every save to its room.
struct Announcer(Arc<dyn Bus>);

/// The payload of `state_saved`.
#[derive(Serialize)]
struct StateSaved<'a> {
    gameplay_id: &'a str,
    version: i64,
    /// `owner` or `visitor`. The id of a visitor is a credential, so it is not revealed.
    saved_by: &'static str,
    saved_at: String,
}

impl SaveListener for Announcer {
    fn on_saved(&self, save: &Save, state: &GameplayState) {
        let saved = StateSaved {
            gameplay_id: state.gameplay_id.as_str(),
            version: state.version,
            saved_by: if save.author.is_visitor() { "visitor" } else { "owner" },
            saved_at: values::time::naive(state.saved_at),
        };
        match serde_json::to_string(&saved) {
            Ok(payload) => self.0.publish(RoomEvent::Announcement {
                room: state.room_id,
                event: ServerEvent::StateSaved,
                payload,
            }),
            Err(error) => tracing::error!("a save is not announced: {error}"),
        }
    }
}
