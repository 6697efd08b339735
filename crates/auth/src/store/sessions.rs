//! Queries on the sessions.

use chrono::{DateTime, Utc};
use database::schema::{sessions, users};
use database::{At, Execute, Fetch, columns};
use diesel::dsl::{auto_type, exists};
use diesel::prelude::*;
use ids::{AccountId, SessionId};
use values::Email;

use super::{AccountRow, has_email};
use crate::sessions::{Generation, Relation, Session};
use crate::tokens::{RefreshToken, RefreshTokens};

/// A row of `sessions`.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub(crate) struct SessionRow {
    pub(crate) id: SessionId,
    pub(crate) account_id: AccountId,
    pub(crate) epoch: i32,
    pub(crate) generation: i64,
    pub(crate) token_hash: Vec<u8>,
    pub(crate) previous_hash: Option<Vec<u8>>,
    pub(crate) rotated_at: At,
    pub(crate) device: String,
    pub(crate) network: String,
    pub(crate) created_at: At,
    pub(crate) idle_until: At,
    pub(crate) ends_at: At,
    pub(crate) ended_at: Option<At>,
}

impl SessionRow {
    /// The session, given the current epoch of its account.
    pub(crate) fn session(&self, epoch: i32) -> Session {
        Session {
            id: self.id,
            account: self.account_id,
            device: self.device.clone(),
            network: self.network.clone(),
            created_at: self.created_at.utc(),
            rotated_at: self.rotated_at.utc(),
            generation: self.generation,
            is_ended: self.ended_at.is_some() || self.epoch != epoch,
            idle_until: self.idle_until.utc(),
            ends_at: self.ends_at.utc(),
        }
    }

    /// Its current generation.
    pub(crate) fn generation(&self) -> Generation {
        Generation { session: self.id, number: self.generation, began_at: self.rotated_at.utc() }
    }

    /// The relation of a refresh token to this session.
    pub(crate) fn relation_of(&self, token: &RefreshToken, tokens: &RefreshTokens) -> Relation {
        let previous = self.previous_hash.as_deref();
        tokens.relation(token, self.generation, &self.token_hash, previous)
    }
}

/// Inserts a session.
pub(crate) fn open(row: &SessionRow) -> impl Fetch<'_, SessionId> {
    diesel::insert_into(sessions::table).values(row).returning(sessions::id)
}

/// Takes a session to the next generation, if `shown` is its current token and it is active at `now`.
pub(crate) fn rotate(
    shown: &RefreshToken,
    next: &RefreshToken,
    now: DateTime<Utc>,
    idle_until: DateTime<Utc>,
) -> impl Fetch<'static, SessionRow> {
    let now = At::from(now);
    let account = users::table
        .filter(users::id.eq(sessions::account_id))
        .filter(users::session_epoch.eq(sessions::epoch))
        .filter(users::is_active.eq(true));
    diesel::update(sessions::table.find(shown.session))
        .filter(sessions::generation.eq(shown.generation))
        .filter(sessions::token_hash.eq(shown.hash()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::idle_until.gt(now))
        .filter(sessions::ends_at.gt(now))
        .filter(exists(account))
        .set((
            sessions::generation.eq(next.generation),
            sessions::token_hash.eq(next.hash()),
            sessions::previous_hash.eq(Some(shown.hash())),
            sessions::rotated_at.eq(now),
            sessions::idle_until.eq(At::from(idle_until)),
        ))
        .returning(columns::<SessionRow>())
}

/// A session with its account.
pub(crate) fn find(id: SessionId) -> impl Fetch<'static, (SessionRow, AccountRow)> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(id))
        .select((columns::<SessionRow>(), columns::<AccountRow>()))
}

/// Condition that a session, joined with its account, is active at `now`.
#[auto_type(no_type_alias)]
fn lasts(now: At) -> _ {
    sessions::ended_at
        .is_null()
        .and(sessions::idle_until.gt(now))
        .and(sessions::ends_at.gt(now))
        .and(sessions::epoch.eq(users::session_epoch))
}

/// The account of a session that is active at `now`.
pub(crate) fn account_of(id: SessionId, now: DateTime<Utc>) -> impl Fetch<'static, AccountRow> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(id))
        .filter(lasts(now.into()))
        .select(columns::<AccountRow>())
}

/// The accounts of those of these sessions that are active at `now`, each with the id of its session.
pub(crate) fn accounts_of(
    ids: Vec<SessionId>,
    now: DateTime<Utc>,
) -> impl Fetch<'static, (SessionId, AccountRow)> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq_any(ids))
        .filter(lasts(now.into()))
        .select((sessions::id, columns::<AccountRow>()))
}

/// A session of the account with this address, in either spelling of its domain, that was opened from this
/// network, ended or not.
pub(crate) fn from_network<'a>(email: &'a Email, network: &'a str) -> impl Fetch<'a, SessionId> {
    sessions::table
        .inner_join(users::table)
        .filter(has_email(email.as_str(), email.unicode_spelling()))
        .filter(sessions::network.eq(network))
        .select(sessions::id)
        .limit(1)
}

/// The sessions of an account that are active at `now`, the most recently used first.
pub(crate) fn of_account(
    account: AccountId,
    now: DateTime<Utc>,
) -> impl Fetch<'static, SessionRow> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::account_id.eq(account))
        .filter(lasts(now.into()))
        .order((sessions::rotated_at.desc(), sessions::id))
        .select(columns::<SessionRow>())
}

/// The sessions of an account that were not ended, except the `most` that were used most recently.
pub(crate) fn surplus(account: AccountId, most: i64) -> impl Fetch<'static, SessionId> {
    sessions::table
        .filter(sessions::account_id.eq(account))
        .filter(sessions::ended_at.is_null())
        .order((sessions::rotated_at.desc(), sessions::id))
        .offset(most)
        .limit(i64::from(i32::MAX))
        .select(sessions::id)
}

/// Ends a session of an account, unless it was ended before.
pub(crate) fn end(
    account: AccountId,
    id: SessionId,
    now: DateTime<Utc>,
) -> impl Fetch<'static, SessionId> {
    diesel::update(sessions::table.find(id))
        .filter(sessions::account_id.eq(account))
        .filter(sessions::ended_at.is_null())
        .set(sessions::ended_at.eq(Some(At::from(now))))
        .returning(sessions::id)
}

/// Ends the sessions of an account, except `kept`.
pub(crate) fn end_all_except(
    kept: Option<SessionId>,
    account: AccountId,
    now: DateTime<Utc>,
) -> impl Fetch<'static, SessionId> {
    // SQL's `id <> NULL` would be unknown: the condition is that the id is not in a list of none or one.
    diesel::update(sessions::table)
        .filter(sessions::account_id.eq(account))
        .filter(sessions::id.ne_all(kept))
        .filter(sessions::ended_at.is_null())
        .set(sessions::ended_at.eq(Some(At::from(now))))
        .returning(sessions::id)
}

/// Moves a session to another epoch of its account.
pub(crate) fn carry_over(id: SessionId, epoch: i32) -> impl Execute {
    diesel::update(sessions::table.find(id)).set(sessions::epoch.eq(epoch))
}

/// The number of sessions that are active at `now`.
pub(crate) fn count(now: DateTime<Utc>) -> impl Fetch<'static, i64> {
    sessions::table.inner_join(users::table).filter(lasts(now.into())).count()
}

/// The ended sessions of an account, except the `most` that ended last.
pub(crate) fn surplus_ended(account: AccountId, most: i64) -> impl Fetch<'static, SessionId> {
    sessions::table
        .filter(sessions::account_id.eq(account))
        .filter(sessions::ended_at.is_not_null())
        .order((sessions::ended_at.desc(), sessions::id))
        .offset(most)
        .limit(i64::from(i32::MAX))
        .select(sessions::id)
}

/// Deletes these sessions.
pub(crate) fn delete(ids: Vec<SessionId>) -> impl Execute {
    diesel::delete(sessions::table).filter(sessions::id.eq_any(ids))
}

/// Deletes the sessions that expired before `now`, and those that were ended before `ended`.
pub(crate) fn forget_old(now: DateTime<Utc>, ended: DateTime<Utc>) -> impl Execute {
    let is_old = sessions::ended_at.le(At::from(ended)).assume_not_null();
    diesel::delete(sessions::table).filter(sessions::idle_until.le(At::from(now)).or(is_old))
}
