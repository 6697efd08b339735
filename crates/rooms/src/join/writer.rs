//! Joins are committed in groups. The rows of the rooms stay locked until the commit, so that no
//! visitor joins a room that closes at the same moment.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use chrono::{DateTime, Utc};
use database::fetch_in_place;
use database::group_commit::{GroupError, GroupWriter, Lanes};
use diesel::SqliteConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use ids::{RoomId, VisitorId};
use thiserror::Error;

use crate::quota::Quota;
use crate::room::{Room, RoomClosed};
use crate::share_code::ShareCode;
use crate::store::{self, RoomRow, VisitorRow};
use crate::visitor::{SessionKey, Visitor, VisitorName};

/// The lanes that commit joins. Clones share them.
pub type Joins = Lanes<JoinWriter>;

/// A request to join a room.
#[derive(Clone, Debug)]
pub struct Join {
    /// The share code of the room.
    pub code: ShareCode,
    /// The name of the visitor.
    pub name: VisitorName,
    /// The client's name for its session.
    pub session_id: SessionKey,
    /// The time of the request.
    pub at: DateTime<Utc>,
}

/// Why a visitor was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JoinRefused {
    /// The room is closed or expired, or does not exist.
    #[error(transparent)]
    Closed(#[from] RoomClosed),
    /// The room has as many visitors as it may have.
    #[error("Room is full")]
    Full,
}

/// Writes groups of joins.
#[derive(Clone, Debug)]
pub struct JoinWriter {
    pub(super) quota: Quota<RoomId>,
}

/// The visitors that a group wrote.
#[derive(Default)]
struct Written {
    new: Vec<VisitorRow>,
    known: Vec<VisitorRow>,
}

impl JoinWriter {
    /// A writer that lets a room have `per_room` visitors.
    pub fn new(per_room: i64) -> Self {
        Self { quota: Quota::of(per_room) }
    }
}

impl GroupWriter for JoinWriter {
    const NAME: &'static str = "join";
    type Request = Join;
    type Answer = Result<Visitor, JoinRefused>;

    fn order(join: &Join) -> impl Hash {
        join.code.as_str()
    }

    async fn on_postgres(
        &mut self,
        connection: &mut AsyncPgConnection,
        group: &[Join],
    ) -> Result<Vec<Self::Answer>, GroupError> {
        let codes: Vec<&str> = codes(group).into_iter().map(ShareCode::as_str).collect();
        connection
            .transaction(async |connection| {
                let rooms: Vec<RoomRow> = store::lock_rooms(&codes).load(connection).await?;
                let rooms = by_code(rooms);
                let mut written = write(connection, &admitted(group, &rooms)).await?;
                self.enforce_quota(connection, &mut written.new).await?;
                Ok(answers(group, &rooms, written))
            })
            .await
    }

    fn on_sqlite(
        &mut self,
        connection: &mut SqliteConnection,
        group: &[Join],
    ) -> Result<Vec<Self::Answer>, GroupError> {
        let mut rooms = Vec::new();
        for code in codes(group) {
            let room = store::room_by_code(code.to_string());
            rooms.extend(fetch_in_place::<RoomRow>(connection, room)?);
        }
        let rooms = by_code(rooms);
        let mut written = Written::default();
        for row in &admitted(group, &rooms) {
            let upserted: Option<VisitorRow> =
                fetch_in_place(connection, store::upsert_visitor(row))?;
            match upserted {
                Some(new) if new.id == row.id => written.new.push(new),
                known => written.known.extend(known),
            }
        }
        self.enforce_quota_in_place(connection, &mut written.new)?;
        Ok(answers(group, &rooms, written))
    }
}

/// The share codes of the group, each once, in order.
fn codes(group: &[Join]) -> Vec<&ShareCode> {
    let codes: BTreeMap<&str, &ShareCode> =
        group.iter().map(|join| (join.code.as_str(), &join.code)).collect();
    codes.into_values().collect()
}

fn by_code(rows: Vec<RoomRow>) -> HashMap<String, Room> {
    let rooms = rows.into_iter().map(Room::from);
    rooms.map(|room| (room.share_code.to_string(), room)).collect()
}

/// The visitors to write, by room and session: one for each session that a room admits, under its last
/// name.
fn admitted(group: &[Join], rooms: &HashMap<String, Room>) -> Vec<VisitorRow> {
    let mut admitted = BTreeMap::new();
    for join in group {
        let Ok(room) = room_of(join, rooms) else { continue };
        let visitor = Visitor {
            id: VisitorId::new(),
            name: join.name.to_string(),
            room_id: room.id,
            session_id: join.session_id.to_string(),
            is_active: true,
            joined_at: join.at,
            last_seen: join.at,
        };
        admitted.insert((room.id, &*join.session_id), VisitorRow::from(&visitor));
    }
    admitted.into_values().collect()
}

/// Inserts the visitors that are new and brings back the others, in the order of locks of [`store`].
async fn write(
    connection: &mut AsyncPgConnection,
    admitted: &[VisitorRow],
) -> Result<Written, GroupError> {
    if admitted.is_empty() {
        return Ok(Written::default());
    }
    let new: Vec<VisitorRow> = store::insert_visitors(admitted).load(connection).await?;
    let mut known = Vec::new();
    if new.len() < admitted.len() {
        let is_new: HashSet<_> = new.iter().map(VisitorRow::key).collect();
        let others = admitted.iter().filter(|row| !is_new.contains(&row.key()));
        known = store::rejoin_visitors(others).load(connection).await?;
    }
    if new.len() + known.len() < admitted.len() {
        // A visitor was deleted between the two statements.
        return Err(GroupError::Retry);
    }
    Ok(Written { new, known })
}

fn room_of<'a>(join: &Join, rooms: &'a HashMap<String, Room>) -> Result<&'a Room, RoomClosed> {
    let room = rooms.get(join.code.as_str()).ok_or(RoomClosed)?;
    room.admits(join.at)?;
    Ok(room)
}

fn answers(
    group: &[Join],
    rooms: &HashMap<String, Room>,
    written: Written,
) -> Vec<Result<Visitor, JoinRefused>> {
    let written: HashMap<(RoomId, String), Visitor> = [written.new, written.known]
        .into_iter()
        .flatten()
        .map(Visitor::from)
        .map(|it| ((it.room_id, it.session_id.clone()), it))
        .collect();
    let visitor = |join: &Join| {
        let room = room_of(join, rooms)?;
        let key = (room.id, join.session_id.to_string());
        written.get(&key).cloned().ok_or(JoinRefused::Full)
    };
    group.iter().map(visitor).collect()
}
