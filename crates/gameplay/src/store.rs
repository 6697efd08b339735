//! Every query on gameplay states.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use ids::{GameplayStateId, RoomId};
use store::schema::gameplay_states;
use store::{At, Execute, Fetch, Json};

use crate::state::{GameplayId, GameplayState};

/// A row of `gameplay_states`.
#[derive(Insertable, Queryable)]
#[diesel(table_name = gameplay_states)]
pub(crate) struct StateRow {
    id: GameplayStateId,
    room_id: RoomId,
    gameplay_id: String,
    state: Json,
    last_played_at: At,
    created_at: At,
    updated_at: At,
}

impl StateRow {
    /// The row of a first save; a later one keeps its id and its beginning.
    pub(crate) fn new(
        room_id: RoomId,
        gameplay_id: &GameplayId,
        state: Json,
        now: DateTime<Utc>,
    ) -> Self {
        let (id, now) = (GameplayStateId::new(), At::from(now));
        let gameplay_id = gameplay_id.as_str().to_owned();
        Self {
            id,
            room_id,
            gameplay_id,
            state,
            last_played_at: now,
            created_at: now,
            updated_at: now,
        }
    }
}

impl From<StateRow> for GameplayState {
    fn from(row: StateRow) -> Self {
        Self {
            id: row.id,
            room_id: row.room_id,
            gameplay_id: row.gameplay_id,
            state: row.state,
            last_played_at: row.last_played_at.utc(),
            created_at: row.created_at.utc(),
            updated_at: row.updated_at.utc(),
        }
    }
}

/// Saves a state in place of the one before it, if there is one.
pub(crate) fn save(row: &StateRow) -> impl Fetch<'_, StateRow> {
    diesel::insert_into(gameplay_states::table)
        .values(row)
        .on_conflict((gameplay_states::room_id, gameplay_states::gameplay_id))
        .do_update()
        .set((
            gameplay_states::state.eq(excluded(gameplay_states::state)),
            gameplay_states::last_played_at.eq(excluded(gameplay_states::last_played_at)),
            gameplay_states::updated_at.eq(excluded(gameplay_states::updated_at)),
        ))
        .returning(gameplay_states::all_columns)
}

/// The state of a game.
pub(crate) fn state(room: RoomId, game: &GameplayId) -> impl Fetch<'_, StateRow> {
    gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .filter(gameplay_states::gameplay_id.eq(game.as_str()))
}

/// The states of all games in a room, the last played first.
pub(crate) fn states(room: RoomId) -> impl Fetch<'static, StateRow> {
    gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .order((gameplay_states::last_played_at.desc(), gameplay_states::id))
}

/// Removes the state of a game.
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
        .select((diesel::dsl::count_star(), store::latest(gameplay_states::last_played_at)))
}
