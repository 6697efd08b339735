//! Queries on the accounts, for administrators.

use chrono::{DateTime, Utc};
use database::schema::users;
use database::{At, Execute, Fetch, ForUpdate, columns};
use diesel::prelude::*;
use diesel::sql_types::Text;
use ids::AccountId;

use super::AccountRow;
use crate::accounts::filter::Filter;
use crate::accounts::{Account, Role};
use crate::passwords::PasswordHash;

diesel::define_sql_function! {
    /// A text with its ASCII letters in lower case; PostgreSQL lowers other letters too.
    fn lower(text: Text) -> Text;
}

/// The accounts of a list, before they are ordered: the type of the query has no name.
macro_rules! listed {
    ($filter:expr) => {{
        let pattern = pattern_of($filter.text.as_deref().unwrap_or_default());
        let has_email = lower(users::email).like(pattern.clone()).escape('\\');
        let has_name = lower(users::name).like(pattern).escape('\\');
        let roles = ",".into_sql::<Text>().concat(users::roles).concat(",");
        users::table
            .filter(has_email.or(has_name))
            .filter(roles.like(role_pattern($filter.role)))
            .filter(
                users::is_active.eq_any($filter.active.map_or(vec![true, false], |it| vec![it])),
            )
    }};
}

/// At most `limit` accounts of a list after this place, the oldest first; `skip` of them are left out.
pub(crate) fn page(
    filter: &Filter,
    (created_at, id): (At, AccountId),
    skip: i64,
    limit: i64,
) -> impl Fetch<'static, AccountRow> {
    let is_after =
        users::created_at.gt(created_at).or(users::created_at.eq(created_at).and(users::id.gt(id)));
    listed!(filter)
        .filter(users::created_at.ge(created_at))
        .filter(is_after)
        .order((users::created_at, users::id))
        .offset(skip)
        .limit(limit)
        .select(columns::<AccountRow>())
}

/// The number of accounts of a list.
pub(crate) fn count(filter: &Filter) -> impl Fetch<'static, i64> {
    listed!(filter).count()
}

/// The place of an account in lists.
pub(crate) fn place(id: AccountId) -> impl Fetch<'static, (At, AccountId)> {
    users::table.find(id).select((users::created_at, users::id))
}

/// The place before all others.
pub(crate) fn first_place() -> (At, AccountId) {
    (DateTime::<Utc>::UNIX_EPOCH.into(), AccountId::from_u128(0))
}

/// The pattern of texts that contain `text` in any case. A letter beyond ASCII that has two cases stands for
/// any letter, because SQLite knows the cases of ASCII alone.
fn pattern_of(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for letter in text.chars() {
        match letter {
            '%' | '_' | '\\' => pattern.extend(['\\', letter]),
            _ if letter.is_ascii() => pattern.push(letter.to_ascii_lowercase()),
            _ if letter.is_lowercase() || letter.is_uppercase() => pattern.push('_'),
            _ => pattern.push(letter),
        }
    }
    pattern.push('%');
    pattern
}

/// The pattern of a list of roles, between commas, that contains `role`.
fn role_pattern(role: Option<Role>) -> String {
    role.map_or_else(|| "%".to_owned(), |role| format!("%,{},%", role.as_str()))
}

/// Locks these accounts, by id.
pub(crate) fn lock(ids: [AccountId; 2]) -> impl Fetch<'static, AccountRow> {
    ForUpdate(
        users::table.filter(users::id.eq_any(ids)).order(users::id).select(columns::<AccountRow>()),
    )
}

/// Writes name, roles and activity of an account. The epoch advances by `epochs`.
pub(crate) fn write(account: &Account, epochs: i32) -> impl Execute + use<> {
    diesel::update(users::table.find(account.id)).set((
        users::name.eq(account.name.clone()),
        users::roles.eq(account.roles.to_string()),
        users::is_active.eq(account.is_active),
        users::session_epoch.eq(users::session_epoch + epochs),
    ))
}

/// Writes a password that an administrator chose. All sessions and pending resets end.
pub(crate) fn write_password(
    id: AccountId,
    hash: &PasswordHash,
    must_change: bool,
) -> impl Execute + use<> {
    diesel::update(users::table.find(id)).set((
        users::hashed_password.eq(hash.as_str().to_owned()),
        users::must_change_password.eq(must_change),
        users::reset_token_hash.eq(None::<Vec<u8>>),
        users::reset_expires_at.eq(None::<At>),
        users::session_epoch.eq(users::session_epoch + 1),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_every_character_as_itself_in_any_case() {
        #[track_caller]
        fn check(text: &str, pattern: &str) {
            assert_eq!(pattern_of(text), pattern);
        }
        check("", "%%");
        check("Ada", "%ada%");
        check("50%_\\", "%50\\%\\_\\\\%");
        check("陳", "%陳%");
        check("Élodie", "%_lodie%");
    }
}
