//! Rows for tests.

use database::schema::users;
use database::{At, Db};
use diesel::prelude::*;
use ids::AccountId;
use values::time;

use crate::room::{NewRoom, Room, RoomName};
use crate::share_code::ShareCode;
use crate::store::{self, RoomRow};

/// An account that can own rooms.
pub(crate) async fn owner(db: &Db) -> AccountId {
    let id = AccountId::new();
    let account = diesel::insert_into(users::table).values((
        users::id.eq(id),
        users::email.eq("owner@example.com"),
        users::name.eq("Owner"),
        users::hashed_password.eq(""),
        users::roles.eq("counselor"),
        users::created_at.eq(At::from(time::now())),
    ));
    assert_eq!(db.write(account).await.unwrap(), 1);
    id
}

/// An open room without a rule.
pub(crate) fn a_room(owner: AccountId, share_code: ShareCode) -> Room {
    let name = RoomName::parse("A room").unwrap();
    let new = NewRoom { name, description: None, rule: None, expires_at: None, client_id: None };
    Room::open(&new, owner, share_code, time::now())
}

/// The share code of a room that was opened.
pub(crate) async fn room(db: &Db) -> ShareCode {
    let room = a_room(owner(db).await, ShareCode::parse("ABCDEF"));
    let opened = db.write_one(store::insert_room(&RoomRow::from(&room))).await.unwrap();
    Room::from(opened.unwrap()).share_code
}
