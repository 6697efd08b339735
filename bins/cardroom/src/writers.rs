//! The writers that commit in groups, and their drain.

use std::sync::Arc;

use database::Db;
use database::group_commit::{Drain, LaneLimits, Lanes};
use gameplay::{SaveListener, SaveWriter, Saves};
use rooms::{Doorman, Heartbeats, Joins, Opener, Openings, Pulse};
use settings::Settings;
use tokio::runtime::Handle;

use crate::bounds::document_bounds;

/// Where saves, new rooms, joins and heartbeats are committed.
pub struct Writers {
    pub(crate) saves: Saves,
    pub(crate) openings: Openings,
    pub(crate) joins: Joins,
    pub(crate) heartbeats: Heartbeats,
}

impl Writers {
    /// Starts the lanes on `runtime`; what is returned beside them waits for their end.
    pub fn start(
        settings: &Settings,
        db: &Db,
        listener: Arc<dyn SaveListener>,
        runtime: &Handle,
    ) -> (Self, Drain) {
        let mut drain = Drain::default();
        let limits = LaneLimits::of(&settings.database);
        let history = &settings.history;
        let bounds = document_bounds(settings);
        let room_games = settings.limits.room_games;
        let save_writer = SaveWriter::new(bounds, room_games, history.segment, history.versions)
            .with_listener(listener);
        let writers = Self {
            saves: Lanes::start(&save_writer, db, limits, runtime, &mut drain),
            openings: Lanes::start(&Opener, db, limits, runtime, &mut drain),
            joins: Lanes::start(&Doorman, db, limits, runtime, &mut drain),
            heartbeats: Lanes::start(&Pulse, db, limits, runtime, &mut drain),
        };
        (writers, drain)
    }
}
