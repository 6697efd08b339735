//! Opening a room.

mod writer;

#[cfg(test)]
mod tests;

use auth::{Account, Permission};
use database::Transaction;
use database::idempotency::IdempotentRequest;
use ids::AccountId;
use tracing::warn;
use values::time;

use crate::error::RoomError;
use crate::room::{NewRoom, OwnedRoom, Room};
use crate::share_code::ShareCode;
use crate::store::{self, RoomRow};

pub use writer::{Opened, Opening, Openings, RoomWriter};

/// Share codes that are drawn before giving up. With ten million rooms one code in ninety is taken,
/// so ten draws in a row fail once in 10¹⁹ rooms.
const DRAWS_MAX: u32 = 10;

/// Opens a room for `owner`.
///
/// # Errors
/// When the account may not open rooms or has too many, has no such client, the rule is unknown, or the
/// idempotency key stands for another request.
pub async fn open(
    openings: &Openings,
    owner: &Account,
    new: NewRoom,
    attempt: Option<IdempotentRequest>,
) -> Result<OwnedRoom, RoomError> {
    if !owner.roles.may(Permission::CreateRoom) {
        return Err(RoomError::NotACounsellor);
    }
    let rule = new.rule.clone().filter(|slug| !slug.is_empty());
    let opening = |share_code| Opening {
        room: Room::open(&new, owner.id, share_code, time::now()),
        rule: rule.clone(),
        attempt: attempt.clone(),
    };
    insert_with_free_code(openings, opening, || ShareCode::draw(&mut rand::rng())).await
}

/// Inserts the room under the first code drawn that is free.
async fn insert_with_free_code(
    openings: &Openings,
    opening: impl Fn(ShareCode) -> Opening,
    mut draw: impl FnMut() -> ShareCode,
) -> Result<OwnedRoom, RoomError> {
    for _ in 0..DRAWS_MAX {
        match openings.commit(opening(draw())).await? {
            Opened::Room(room) => return Ok(room),
            Opened::KeyReused => return Err(RoomError::KeyReused),
            Opened::UnknownClient => return Err(RoomError::NoSuchClient),
            Opened::UnknownRule(rule) => return Err(RoomError::UnknownRule(rule.to_string())),
            Opened::TooMany => return Err(RoomError::TooManyRooms),
            Opened::CodeTaken => warn!("a share code was drawn that another room has"),
        }
    }
    Err(RoomError::NoFreeCode(DRAWS_MAX))
}

/// Opens a room without a rule for `owner` in a transaction that writes what it belongs to as well. The
/// transaction holds the row of the account, so that the count is exact but for rooms of other transactions.
///
/// # Errors
/// When the account has `per_account` rooms.
pub async fn open_in(
    transaction: &mut Transaction<'_>,
    owner: AccountId,
    new: &NewRoom,
    per_account: i64,
) -> Result<Room, RoomError> {
    let count = transaction.fetch_one(store::count_rooms(vec![owner])).await?;
    if count.is_some_and(|(_, count)| count >= per_account) {
        return Err(RoomError::TooManyRooms);
    }
    for _ in 0..DRAWS_MAX {
        let room = Room::open(new, owner, ShareCode::draw(&mut rand::rng()), time::now());
        let inserted = transaction.fetch_one(store::insert_room(&RoomRow::from(&room))).await?;
        if let Some(row) = inserted {
            return Ok(row.into());
        }
        warn!("a share code was drawn that another room has");
    }
    Err(RoomError::NoFreeCode(DRAWS_MAX))
}
