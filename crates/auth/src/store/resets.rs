//! Queries on the pending resets of passwords.

use chrono::{DateTime, Utc};
use database::schema::{password_resets, users};
use database::{At, Execute, Fetch, columns};
use diesel::prelude::*;
use ids::AccountId;

use super::AccountRow;
use crate::passwords::PasswordHash;

/// A row of `password_resets`: a token in a slot of its account.
#[derive(Insertable)]
#[diesel(table_name = password_resets)]
pub(crate) struct ResetRow {
    pub(crate) account_id: AccountId,
    pub(crate) slot: i32,
    pub(crate) token_hash: Vec<u8>,
    pub(crate) epoch: i32,
    pub(crate) expires_at: At,
}

/// Inserts a token, unless its slot is taken.
pub(crate) fn insert(row: &ResetRow) -> impl Fetch<'_, i32> {
    diesel::insert_into(password_resets::table)
        .values(row)
        .on_conflict_do_nothing()
        .returning(password_resets::slot)
}

/// Puts a token in the place of that in its slot, if that one is over at `now`.
pub(crate) fn replace(row: &ResetRow, now: DateTime<Utc>) -> impl Fetch<'_, i32> {
    let is_over =
        password_resets::expires_at.le(At::from(now)).or(password_resets::epoch.ne(row.epoch));
    diesel::update(password_resets::table.find((row.account_id, row.slot)))
        .filter(is_over)
        .set((
            password_resets::token_hash.eq(&row.token_hash),
            password_resets::epoch.eq(row.epoch),
            password_resets::expires_at.eq(row.expires_at),
        ))
        .returning(password_resets::slot)
}

/// The account that a token valid at `now` may reset, and its epoch.
pub(crate) fn find(token_hash: &[u8], now: DateTime<Utc>) -> impl Fetch<'_, (AccountId, i32)> {
    password_resets::table
        .inner_join(users::table)
        .filter(password_resets::token_hash.eq(token_hash))
        .filter(password_resets::expires_at.gt(At::from(now)))
        .filter(password_resets::epoch.eq(users::session_epoch))
        .select((users::id, users::session_epoch))
}

/// Sets a password, if no other was set in this epoch. The next epoch begins, so all sessions and all
/// pending resets end.
pub(crate) fn reset_password(
    account: AccountId,
    epoch: i32,
    new: &PasswordHash,
) -> impl Fetch<'_, AccountRow> {
    diesel::update(users::table.find(account))
        .filter(users::session_epoch.eq(epoch))
        .set((
            users::hashed_password.eq(new.as_str()),
            users::must_change_password.eq(false),
            users::reset_token_hash.eq(None::<Vec<u8>>),
            users::reset_expires_at.eq(None::<At>),
            users::session_epoch.eq(users::session_epoch + 1),
        ))
        .returning(columns::<AccountRow>())
}

/// Deletes up to `most` tokens that expired by `now`.
pub(crate) fn delete_expired(now: DateTime<Utc>, most: i64) -> impl Execute {
    let all = diesel::alias!(password_resets as all_resets);
    let expired = all
        .filter(all.field(password_resets::expires_at).le(At::from(now)))
        .select(all.field(password_resets::token_hash))
        .limit(most);
    // The slot may have got another token meanwhile.
    diesel::delete(password_resets::table)
        .filter(password_resets::token_hash.eq_any(expired))
        .filter(password_resets::expires_at.le(At::from(now)))
}
