//! Joins, as they are committed in groups. The room is held while its visitors are seated, so that
//! nobody gets into one that closes at the same moment.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use chrono::{DateTime, Utc};
use database::fetch_in_place;
use database::group_commit::{GroupError, GroupWriter, Lanes};
use diesel::SqliteConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use ids::{RoomId, VisitorId};

use crate::room::{Room, RoomClosed};
use crate::share_code::ShareCode;
use crate::store::{self as table, RoomRow, VisitorRow};
use crate::visitor::{SessionKey, Visitor, VisitorName};

/// Where joins are committed. Cloning shares it.
pub type Joins = Lanes<Doorman>;

/// Somebody who wants to join.
#[derive(Clone, Debug)]
pub struct Join {
    /// By which code.
    pub code: ShareCode,
    /// Under which name.
    pub name: VisitorName,
    /// With which session.
    pub session_id: SessionKey,
    /// When.
    pub at: DateTime<Utc>,
}

/// What carries joins out.
#[derive(Clone, Copy, Debug)]
pub struct Doorman;

/// A seat in a room: joining twice with one session is joining once.
type Seat = (RoomId, String);

impl GroupWriter for Doorman {
    const NAME: &'static str = "join";
    type Request = Join;
    type Answer = Result<Visitor, RoomClosed>;

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
                let rooms: Vec<RoomRow> = table::hold_rooms(&codes).load(connection).await?;
                let rooms = by_code(rooms);
                let seats: Vec<_> = seats(group, &rooms).into_values().collect();
                let seated: Vec<VisitorRow> = match seats.as_slice() {
                    [] => Vec::new(),
                    seats => table::seat_many(seats).load(connection).await?,
                };
                Ok(answers(group, &rooms, seated))
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
            rooms.extend(fetch_in_place::<RoomRow>(
                connection,
                table::room_by_code(code.to_string()),
            )?);
        }
        let rooms = by_code(rooms);
        let mut seated = Vec::new();
        for visitor in seats(group, &rooms).values() {
            let row = VisitorRow::from(visitor);
            seated.extend(fetch_in_place::<VisitorRow>(connection, table::seat(&row))?);
        }
        Ok(answers(group, &rooms, seated))
    }
}

/// The codes that are asked for, each once, in order.
fn codes(group: &[Join]) -> Vec<&ShareCode> {
    let codes: BTreeMap<&str, &ShareCode> =
        group.iter().map(|join| (join.code.as_str(), &join.code)).collect();
    codes.into_values().collect()
}

fn by_code(rows: Vec<RoomRow>) -> HashMap<String, Room> {
    let rooms = rows.into_iter().map(Room::from);
    rooms.map(|room| (room.share_code.to_string(), room)).collect()
}

/// Whom to seat: everybody whose room admits them, each session once, under its last name.
fn seats(group: &[Join], rooms: &HashMap<String, Room>) -> BTreeMap<Seat, Visitor> {
    let mut seats = BTreeMap::new();
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
        seats.insert((room.id, visitor.session_id.clone()), visitor);
    }
    seats
}

fn room_of<'a>(join: &Join, rooms: &'a HashMap<String, Room>) -> Result<&'a Room, RoomClosed> {
    let room = rooms.get(join.code.as_str()).ok_or(RoomClosed)?;
    room.admits(join.at)?;
    Ok(room)
}

fn answers(
    group: &[Join],
    rooms: &HashMap<String, Room>,
    seated: Vec<VisitorRow>,
) -> Vec<Result<Visitor, RoomClosed>> {
    let seated = seated.into_iter().map(Visitor::from);
    let seated: HashMap<Seat, Visitor> =
        seated.map(|it| ((it.room_id, it.session_id.clone()), it)).collect();
    let visitor = |join: &Join| {
        let room = room_of(join, rooms)?;
        let seat = (room.id, join.session_id.to_string());
        seated.get(&seat).cloned().ok_or(RoomClosed)
    };
    group.iter().map(visitor).collect()
}
