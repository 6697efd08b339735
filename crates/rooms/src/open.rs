//! Opening a room.

mod writer;

#[cfg(test)]
mod tests;

use auth::{Account, Permission};
use database::idempotency::IdempotentRequest;
use tracing::warn;
use values::time;

use crate::error::RoomError;
use crate::room::{NewRoom, Room};
use crate::share_code::ShareCode;

pub use writer::{Opened, Opening, Openings, RoomWriter};

/// Share codes that are drawn before giving up. With ten million rooms one code in ninety is taken,
/// so ten draws in a row fail once in 10¹⁹ rooms.
const DRAWS_MAX: u32 = 10;

/// Opens a room for `owner`.
///
/// # Errors
/// When the account may not open rooms or has too many, the rule is unknown, or the idempotency key
/// stands for another request.
pub async fn open(
    openings: &Openings,
    owner: &Account,
    new: NewRoom,
    attempt: Option<IdempotentRequest>,
) -> Result<Room, RoomError> {
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
) -> Result<Room, RoomError> {
    for _ in 0..DRAWS_MAX {
        match openings.commit(opening(draw())).await? {
            Opened::Room(room) => return Ok(room),
            Opened::KeyReused => return Err(RoomError::KeyReused),
            Opened::UnknownRule(rule) => return Err(RoomError::UnknownRule(rule.to_string())),
            Opened::TooMany => return Err(RoomError::TooManyRooms),
            Opened::CodeTaken => warn!("a share code was drawn that another room has"),
        }
    }
    Err(RoomError::NoFreeCode(DRAWS_MAX))
}
