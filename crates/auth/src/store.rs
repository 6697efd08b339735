//! Queries on the accounts, their sessions and resets, and the audit log.

pub(crate) mod audit;
pub(crate) mod managed;
pub(crate) mod resets;
pub(crate) mod sessions;

use database::schema::users;
use database::{At, Execute, Fetch, columns};
use diesel::dsl::{auto_type, max};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use ids::AccountId;
use settings::BCRYPT_COST_MAX;
use values::Email;

use crate::accounts::Roles;
use crate::accounts::{Account, Credentials};
use crate::passwords::PasswordHash;

/// A row of `users`, without the columns that only a reset reads.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(crate) struct AccountRow {
    id: AccountId,
    email: String,
    name: String,
    hashed_password: String,
    roles: String,
    is_active: bool,
    must_change_password: bool,
    created_at: At,
    session_epoch: i32,
}

impl AccountRow {
    /// The account.
    pub(crate) fn id(&self) -> AccountId {
        self.id
    }

    /// The epoch of its active sessions.
    pub(crate) fn epoch(&self) -> i32 {
        self.session_epoch
    }
}

impl From<AccountRow> for Credentials {
    fn from(row: AccountRow) -> Self {
        let account = Account {
            id: row.id,
            email: Email::trusted(&row.email),
            name: row.name,
            roles: Roles::from(row.roles.as_str()),
            is_active: row.is_active,
            must_change_password: row.must_change_password,
            created_at: row.created_at.utc(),
        };
        let hash = PasswordHash::from(row.hashed_password);
        Self { account, hash, epoch: row.session_epoch }
    }
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Credentials::from(row).account
    }
}

/// A row of `users` to insert.
#[derive(Insertable)]
#[diesel(table_name = users)]
pub(crate) struct NewAccount {
    id: AccountId,
    email: String,
    name: String,
    hashed_password: String,
    roles: String,
    must_change_password: bool,
    created_at: At,
}

impl From<&Credentials> for NewAccount {
    fn from(Credentials { account, hash, .. }: &Credentials) -> Self {
        Self {
            id: account.id,
            email: account.email.to_string(),
            name: account.name.clone(),
            hashed_password: hash.as_str().to_owned(),
            roles: account.roles.to_string(),
            must_change_password: account.must_change_password,
            created_at: account.created_at.into(),
        }
    }
}

diesel::define_sql_function! {
    /// Characters of a text, from the first as number 1.
    fn substr(text: Text, from: Integer, count: Integer) -> Text;
}

/// The highest cost of the stored hashes, as two digits. Costs that no hash may have are left out.
pub(crate) fn highest_cost() -> impl Fetch<'static, Option<String>> {
    // `$2b$12$…`: the cost is in the fifth and the sixth character.
    users::table
        .filter(users::hashed_password.like("$2_$__$%"))
        .filter(substr(users::hashed_password, 5, 2).le(format!("{BCRYPT_COST_MAX:02}")))
        .select(max(substr(users::hashed_password, 5, 2)))
}

/// The account with this id.
pub(crate) fn by_id(id: AccountId) -> impl Fetch<'static, AccountRow> {
    users::table.find(id).select(columns::<AccountRow>())
}

/// The account with this address, in either spelling of its domain; the older one if both have an account.
pub(crate) fn by_email(email: &Email) -> impl Fetch<'_, AccountRow> {
    let is_spelled = has_email(email.as_str(), email.unicode_spelling());
    users::table.filter(is_spelled).order(users::created_at).select(columns::<AccountRow>())
}

/// Condition that an account has an address, in either spelling of its domain.
#[auto_type(no_type_alias)]
fn has_email<'a>(canonical: &'a str, unicode: String) -> _ {
    users::email.eq(canonical).or(users::email.eq(unicode))
}

/// Those of these addresses that have an account.
pub(crate) fn taken(emails: Vec<String>) -> impl Fetch<'static, String> {
    users::table.filter(users::email.eq_any(emails)).select(users::email)
}

/// Inserts an account unless its address or its id is taken.
pub(crate) fn create(account: &NewAccount) -> impl Fetch<'_, AccountRow> {
    diesel::insert_into(users::table)
        .values(account)
        .on_conflict_do_nothing()
        .returning(columns::<AccountRow>())
}

/// Replaces the hash `old`, unless it was replaced before.
pub(crate) fn replace_password(
    id: AccountId,
    old: &PasswordHash,
    new: &PasswordHash,
) -> impl Execute {
    diesel::update(users::table.find(id))
        .filter(users::hashed_password.eq(old.as_str().to_owned()))
        .set(users::hashed_password.eq(new.as_str().to_owned()))
}

/// Replaces the hash `old` by that of a password that the owner chose. All sessions end.
pub(crate) fn choose_password(
    id: AccountId,
    old: &PasswordHash,
    new: &PasswordHash,
) -> impl Fetch<'static, AccountRow> {
    diesel::update(users::table.find(id))
        .filter(users::hashed_password.eq(old.as_str().to_owned()))
        .set((
            users::hashed_password.eq(new.as_str().to_owned()),
            users::must_change_password.eq(false),
            users::reset_token_hash.eq(None::<Vec<u8>>),
            users::reset_expires_at.eq(None::<At>),
            users::session_epoch.eq(users::session_epoch + 1),
        ))
        .returning(columns::<AccountRow>())
}

/// Sets a password that an administrator chose; the owner has to change it if `must_change`. All sessions
/// end.
pub(crate) fn assign_password(
    account: AccountId,
    new: &PasswordHash,
    must_change: bool,
) -> impl Fetch<'_, AccountRow> {
    diesel::update(users::table.find(account))
        .set((
            users::hashed_password.eq(new.as_str()),
            users::must_change_password.eq(must_change),
            users::reset_token_hash.eq(None::<Vec<u8>>),
            users::reset_expires_at.eq(None::<At>),
            users::session_epoch.eq(users::session_epoch + 1),
        ))
        .returning(columns::<AccountRow>())
}
