//! Lists of accounts, for administrators.

use ids::AccountId;

use crate::accounts::Account;
use crate::accounts::filter::Filter;
use crate::context::Auth;
use crate::error::AuthError;
use crate::store::managed;

/// A page of a list.
pub(crate) struct Page {
    pub(crate) accounts: Vec<Account>,
    /// The number of accounts of the whole list.
    pub(crate) total: i64,
    /// The last account of this page, if there are more after it.
    pub(crate) next: Option<AccountId>,
}

/// At most `limit` accounts, the oldest first: those that follow the account `after`, without the first
/// `skip` of them.
///
/// # Errors
/// When there is no account `after`, or the database fails.
pub(crate) async fn page(
    auth: &Auth,
    filter: &Filter,
    after: Option<AccountId>,
    skip: i64,
    limit: i64,
) -> Result<Page, AuthError> {
    let place = match after {
        Some(id) => auth.db.read_one(managed::place(id)).await?.ok_or(AuthError::NoSuchUser)?,
        None => managed::first_place(),
    };
    // One more than the page has tells whether there are more.
    let rows = auth.db.read_all(managed::page(filter, place, skip, limit + 1)).await?;
    let total = auth.db.read_one(managed::count(filter)).await?.unwrap_or(0);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    let accounts: Vec<Account> = rows.into_iter().take(limit).map(Account::from).collect();
    let next = accounts.last().filter(|_| has_more).map(|it| it.id);
    Ok(Page { accounts, total, next })
}
