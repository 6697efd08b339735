//! Changing one's own password.

use crate::account::{Account, Credentials};
use crate::error::AuthError;
use crate::secret::Password;
use crate::{Auth, store};

/// Changes the password of `account` for somebody who knows the old one.
///
/// # Errors
/// When the old one is wrong, the new one unfit, or another change came first.
pub async fn change(
    auth: &Auth,
    account: &Account,
    old: Password,
    new: Password,
) -> Result<(), AuthError> {
    let row = auth.db.read_one(store::by_id(account.id)).await?;
    let current = row.map(Credentials::from).ok_or(AuthError::NoSuchUser)?.hash;
    let checked = current.clone();
    if !auth.hashing.run(move || checked.matches(&old)).await? {
        return Err(AuthError::WrongPassword);
    }
    let (new, cost) = (new.fit_to_set()?, auth.rules.bcrypt_cost);
    let hash = auth.hashing.run(move || new.hash(cost)).await??;
    if auth.db.write(store::choose_password(account.id, &current, &hash)).await? == 0 {
        return Err(AuthError::WrongPassword);
    }
    auth.accounts.forget(account.id);
    Ok(())
}
