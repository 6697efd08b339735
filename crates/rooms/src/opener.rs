//! New rooms, as they are committed in groups, each with the answer that a repetition gets.

use std::hash::Hash;

use diesel::{OptionalExtension, SqliteConnection};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use ids::AuthorId;
use serde_json::to_string;
use store::group_commit::{Lanes, Setback, Work};
use store::idempotency::{self, AnswerRow, Attempt, Earlier, earlier, must_be_kept};
use store::{fetch_all_in_place, fetch_in_place};

use crate::room::Room;
use crate::store::{self as table, RoomRow};

/// Where rooms are opened. Cloning shares it.
pub type Openings = Lanes<Opener>;

/// A room to be opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The room, under a code that may be taken.
    pub room: Room,
    /// The client's name for the request, if it may be repeated.
    pub attempt: Option<Attempt>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Opened {
    /// The room, opened now or when the request was sent first.
    Room(Room),
    /// Another room has the code.
    CodeTaken,
    /// The client's name for the request stands for another one.
    KeyReused,
}

/// What carries openings out.
#[derive(Clone, Copy, Debug)]
pub struct Opener;

impl Work for Opener {
    const NAME: &'static str = "open";
    type Request = Opening;
    type Answer = Opened;

    fn order(opening: &Opening) -> impl Hash {
        opening.room.counselor_id
    }

    async fn on_postgres(
        &mut self,
        connection: &mut AsyncPgConnection,
        group: &[Opening],
    ) -> Result<Vec<Opened>, Setback> {
        connection
            .transaction(async |connection| {
                let mut rows: Vec<AnswerRow> = Vec::new();
                if attempts(group).next().is_some() {
                    rows = idempotency::answers(attempts(group)).load(connection).await?;
                }
                let mut opened = Vec::with_capacity(group.len());
                for opening in group {
                    if let Some(before) = before(opening, &rows)? {
                        opened.push(before);
                        continue;
                    }
                    let row = RoomRow::from(&opening.room);
                    let room: Option<RoomRow> =
                        table::open(&row).get_result(connection).await.optional()?;
                    let room = room.map(Room::from);
                    if let Some(answer) = answer(opening, room.as_ref()) {
                        let kept: Option<AuthorId> =
                            idempotency::keep(&answer).get_result(connection).await.optional()?;
                        must_be_kept(kept)?;
                    }
                    opened.push(room.map_or(Opened::CodeTaken, Opened::Room));
                }
                Ok(opened)
            })
            .await
    }

    fn on_sqlite(
        &mut self,
        connection: &mut SqliteConnection,
        group: &[Opening],
    ) -> Result<Vec<Opened>, Setback> {
        let mut rows = Vec::new();
        if attempts(group).next().is_some() {
            rows = fetch_all_in_place(connection, idempotency::answers(attempts(group)))?;
        }
        let mut opened = Vec::with_capacity(group.len());
        for opening in group {
            if let Some(before) = before(opening, &rows)? {
                opened.push(before);
                continue;
            }
            let row = RoomRow::from(&opening.room);
            let room: Option<RoomRow> = fetch_in_place(connection, table::open(&row))?;
            let room = room.map(Room::from);
            if let Some(answer) = answer(opening, room.as_ref()) {
                must_be_kept(fetch_in_place(connection, idempotency::keep(&answer))?)?;
            }
            opened.push(room.map_or(Opened::CodeTaken, Opened::Room));
        }
        Ok(opened)
    }
}

fn attempts(group: &[Opening]) -> impl Iterator<Item = &Attempt> {
    group.iter().filter_map(|opening| opening.attempt.as_ref())
}

/// What came of the request when it was sent before.
fn before(opening: &Opening, rows: &[AnswerRow]) -> Result<Option<Opened>, Setback> {
    Ok(match earlier(opening.attempt.iter(), rows).into_values().next() {
        Some(Earlier::Same(room)) => Some(Opened::Room(idempotency::read(&room)?)),
        Some(Earlier::Other) => Some(Opened::KeyReused),
        None => None,
    })
}

/// What to keep for when the request is repeated.
fn answer(opening: &Opening, room: Option<&Room>) -> Option<AnswerRow> {
    let attempt = opening.attempt.as_ref()?;
    room.and_then(|room| to_string(room).ok()).map(|room| AnswerRow::new(attempt, room))
}
