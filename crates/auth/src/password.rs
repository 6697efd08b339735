//! Changing one's own password.

use crate::account::Credentials;
use crate::audit::{self, Action, Deed};
use crate::caller::SignedIn;
use crate::client::Client;
use crate::error::AuthError;
use crate::secret::Password;
use crate::{Auth, store};

/// Changes the password of `caller`, who knows the old one. All other sessions end.
///
/// # Errors
/// When the old one is wrong, the new one unfit, or another change came first.
pub async fn change(
    auth: &Auth,
    caller: &SignedIn,
    old: Password,
    new: Password,
    client: &Client,
) -> Result<(), AuthError> {
    let account = caller.account.id;
    let row = auth.db.read_one(store::by_id(account)).await?;
    let current = row.map(Credentials::from).ok_or(AuthError::NoSuchUser)?.hash;
    let checked = current.clone();
    if !auth.hashing.run(move || checked.matches(&old)).await? {
        return Err(AuthError::WrongPassword);
    }
    let (new, cost) = (new.fit_to_set()?, auth.rules.bcrypt_cost);
    let hash = auth.hashing.run(move || new.hash(cost)).await??;
    let changed = auth.db.write_one(store::choose_password(account, &current, &hash)).await?;
    let Credentials { epoch, .. } = changed.ok_or(AuthError::WrongPassword)?.into();
    // Should this be the end of the process, then of this session, too: its owner logs in again.
    if let Some(session) = caller.session {
        auth.db.write(store::sessions::carry_over(session, epoch)).await?;
    }
    auth.accounts.forget(account);
    let deed = Deed::own(Action::PasswordChanged, account, caller.session);
    audit::note(auth, client, deed).await;
    Ok(())
}
