//! Queries on the clients of rooms. The crate `clients` owns their table.

use database::schema::{clients, rooms};
use database::{Fetch, columns};
use diesel::prelude::*;
use ids::{AccountId, ClientId};

use super::rooms::RoomRow;

/// The counsellors and names of these clients.
pub(crate) fn clients(
    ids: Vec<ClientId>,
) -> impl Fetch<'static, (ClientId, AccountId, Option<String>)> {
    clients::table.filter(clients::id.eq_any(ids)).select((
        clients::id,
        clients::counselor_id,
        clients::name,
    ))
}

/// The rooms of these clients, newest first.
pub(crate) fn rooms_of_clients(ids: Vec<ClientId>) -> impl Fetch<'static, RoomRow> {
    rooms::table
        .filter(rooms::client_id.eq_any(ids))
        .order((rooms::created_at.desc(), rooms::id))
        .select(columns::<RoomRow>())
}
