//! What is live, and how the rest of the service tells it what happened.

use std::sync::Arc;

use auth::Auth;
use gameplay::{Audience, GameplayState, Save};
use realtime::{Bus, News, Realtime, ServerEvent};
use rooms::{Closings, Directory};
use serde::Serialize;
use settings::Settings;
use tokio::runtime::Handle;

/// What is live, and what it hears from.
#[derive(Clone)]
pub struct Live {
    pub(crate) realtime: Realtime,
    pub(crate) closings: Closings,
    pub(crate) directory: Directory,
}

impl Live {
    /// Nobody there yet.
    pub fn new(settings: &Settings, auth: &Auth, runtime: &Handle) -> Self {
        let directory = Directory::of(&auth.db, runtime);
        let realtime = Realtime::new(settings, auth.clone(), directory.clone());
        Self { realtime, closings: Closings::default(), directory }
    }

    /// What hears of saves and tells the rooms.
    pub(crate) fn audience(&self) -> Arc<dyn Audience> {
        Arc::new(Announcer(self.realtime.hub.clone()))
    }
}

/// Tells a room of every save in it.
struct Announcer(Arc<dyn Bus>);

/// What a room is told of a save.
#[derive(Serialize)]
struct StateSaved<'a> {
    gameplay_id: &'a str,
    version: i64,
    /// Whether it was the `owner` or a `visitor`. Which visitor is not told: whoever knows the id may
    /// speak for the visitor.
    saved_by: &'static str,
    saved_at: String,
}

impl Audience for Announcer {
    fn saved(&self, save: &Save, state: &GameplayState) {
        let saved = StateSaved {
            gameplay_id: &state.gameplay_id,
            version: state.version,
            saved_by: if save.author.is_visitor() { "visitor" } else { "owner" },
            saved_at: api::time::naive(state.updated_at),
        };
        // A struct of texts and numbers can be written.
        let payload = serde_json::to_string(&saved).unwrap_or_default();
        self.0.publish(News::Announcement {
            room: state.room_id,
            event: ServerEvent::StateSaved,
            payload,
        });
    }
}
