//! The writers that commit in groups, and their drain.

use std::sync::Arc;

use database::Db;
use database::group_commit::{Drain, LaneLimits, Lanes};
use gameplay::{SaveWriter, Saves, StateListener};
use rooms::{HeartbeatWriter, Heartbeats, JoinWriter, Joins, Openings, RoomWriter};
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
        listener: Arc<dyn StateListener>,
        runtime: &Handle,
    ) -> (Self, Drain) {
        let mut drain = Drain::default();
        let limits = LaneLimits::of(&settings.database);
        let (history, rooms) = (&settings.history, &settings.rooms);
        let bounds = document_bounds(settings);
        let room_games = settings.limits.room_games;
        let save_writer = SaveWriter::new(bounds, room_games, history.segment, history.versions)
            .with_listener(listener);
        let room_writer = RoomWriter::new(rooms.per_account);
        let join_writer = JoinWriter::new(rooms.visitors_per_room);
        let writers = Self {
            saves: Lanes::start(&save_writer, db, limits, runtime, &mut drain),
            openings: Lanes::start(&room_writer, db, limits, runtime, &mut drain),
            joins: Lanes::start(&join_writer, db, limits, runtime, &mut drain),
            heartbeats: Lanes::start(&HeartbeatWriter, db, limits, runtime, &mut drain),
        };
        (writers, drain)
    }
}
