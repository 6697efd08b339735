//! Every query on gameplay states and their past.

mod many;
mod one;

use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use database::schema::{gameplay_segments, gameplay_states};
use database::{At, Execute, Fetch};
use diesel::prelude::*;
use documents::Json;
use ids::{GameplayStateId, RoomId};

use crate::history::Stretch;
use crate::journal::Journal;
use crate::state::{GameplayId, GameplayState};

pub(crate) use many::{CurrentRow, lock_many, save_many};
pub(crate) use one::{read_current, save_one};

/// A row of `gameplay_states`, without its journal.
#[derive(Queryable)]
pub(crate) struct StateRow {
    id: GameplayStateId,
    room_id: RoomId,
    gameplay_id: String,
    state: Json,
    version: i64,
    last_played_at: At,
    created_at: At,
    updated_at: At,
}

type Columns = (
    gameplay_states::id,
    gameplay_states::room_id,
    gameplay_states::gameplay_id,
    gameplay_states::state,
    gameplay_states::version,
    gameplay_states::last_played_at,
    gameplay_states::created_at,
    gameplay_states::updated_at,
);

const COLUMNS: Columns = (
    gameplay_states::id,
    gameplay_states::room_id,
    gameplay_states::gameplay_id,
    gameplay_states::state,
    gameplay_states::version,
    gameplay_states::last_played_at,
    gameplay_states::created_at,
    gameplay_states::updated_at,
);

impl From<StateRow> for GameplayState {
    fn from(row: StateRow) -> Self {
        Self {
            id: row.id,
            room_id: row.room_id,
            gameplay_id: row.gameplay_id,
            state: row.state,
            version: row.version,
            last_played_at: row.last_played_at.utc(),
            created_at: row.created_at.utc(),
            updated_at: row.updated_at.utc(),
        }
    }
}

/// A document and its journal, of a state or of a segment.
#[derive(Queryable)]
pub(crate) struct StretchRow {
    document: Json,
    journal: String,
}

impl From<StretchRow> for Stretch {
    fn from(row: StretchRow) -> Self {
        Self { document: row.document, journal: Journal::of(&row.journal) }
    }
}

/// The state of a game.
pub(crate) fn state(room: RoomId, game: &GameplayId) -> impl Fetch<'_, StateRow> {
    gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .filter(gameplay_states::gameplay_id.eq(game.as_str()))
        .select(COLUMNS)
}

/// The states of all games in a room, the last played first.
pub(crate) fn states(room: RoomId) -> impl Fetch<'static, StateRow> {
    gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .order((gameplay_states::last_played_at.desc(), gameplay_states::id))
        .select(COLUMNS)
}

/// Removes the state of a game; a trigger removes its past.
pub(crate) fn remove(room: RoomId, game: &GameplayId) -> impl Execute {
    let game = game.as_str().to_owned();
    diesel::delete(gameplay_states::table)
        .filter(gameplay_states::room_id.eq(room))
        .filter(gameplay_states::gameplay_id.eq(game))
}

/// How many games were saved in a room, and when the last one was.
pub(crate) fn saves(room: RoomId) -> impl Fetch<'static, (i64, Option<At>)> {
    gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .select((diesel::dsl::count_star(), database::latest(gameplay_states::last_played_at)))
}

/// The document of a state and its journal.
pub(crate) fn journal(state: GameplayStateId) -> impl Fetch<'static, StretchRow> {
    gameplay_states::table.find(state).select((gameplay_states::state, gameplay_states::journal))
}

/// The segments of a state that end with one of these versions.
pub(crate) fn segments_ending(
    state: GameplayStateId,
    versions: &RangeInclusive<i64>,
) -> impl Fetch<'static, StretchRow> {
    gameplay_segments::table
        .filter(gameplay_segments::state_id.eq(state))
        .filter(gameplay_segments::last_version.between(*versions.start(), *versions.end()))
        .select((gameplay_segments::document, gameplay_segments::journal))
}

/// The first segment of a state that ends after this version.
pub(crate) fn segment_after(
    state: GameplayStateId,
    version: i64,
) -> impl Fetch<'static, StretchRow> {
    gameplay_segments::table
        .filter(gameplay_segments::state_id.eq(state))
        .filter(gameplay_segments::last_version.gt(version))
        .order(gameplay_segments::last_version)
        .limit(1)
        .select((gameplay_segments::document, gameplay_segments::journal))
}

/// Forgets the segments that ended before `moment`.
pub(crate) fn forget_segments(moment: DateTime<Utc>) -> impl Execute {
    let ended = gameplay_segments::saved_at.lt(At::from(moment));
    diesel::delete(gameplay_segments::table.filter(ended))
}
