//! Change of the own password.

use admission::Logins;

use crate::accounts::Credentials;
use crate::audit::{Action, AuditEntry};
use crate::caller::SignedIn;
use crate::client::Client;
use crate::context::Auth;
use crate::error::AuthError;
use crate::passwords::{NewPassword, Password, PasswordHash};
use crate::store;
use crate::store::{AccountRow, sessions};

/// Changes the password of `caller`, who knows the old one. All other sessions end.
///
/// # Errors
/// When the old password is wrong, too many attempts failed, the new one breaks the rules, or another
/// change was committed first.
pub(crate) async fn change(
    auth: &Auth,
    limits: &Logins,
    caller: &SignedIn,
    old: Password,
    new: NewPassword,
    client: &Client,
) -> Result<(), AuthError> {
    let (account, email) = (caller.account.id, caller.account.email.as_str());
    let check = check(auth, caller, old);
    // A caller with a session is known.
    let current = limits
        .attempt(email, client.address, async || true, check, AuthError::is_wrong_guess)
        .await?;
    let (new, cost) = (new.check()?, auth.rules.bcrypt_cost);
    let hash = auth.hashing.run(move || new.hash(cost)).await??;
    let change = store::choose_password(account, &current, &hash);
    let entry = AuditEntry::own(Action::PasswordChanged, account, caller.session);
    // In one transaction, so that the current session is at no moment over.
    let follows = |changed: &[AccountRow]| {
        let epoch = changed.first().map(AccountRow::epoch);
        let carried = epoch.zip(caller.session).map(|(epoch, it)| sessions::carry_over(it, epoch));
        (carried, epoch.map(|_| entry.insert(client)))
    };
    if auth.db.write_and(change, follows).await?.is_empty() {
        return Err(AuthError::WrongPassword);
    }
    entry.log();
    auth.accounts.invalidate(account);
    Ok(())
}

/// Verifies the old password; gives its hash.
async fn check(auth: &Auth, caller: &SignedIn, old: Password) -> Result<PasswordHash, AuthError> {
    let row = auth.db.read_one(store::by_id(caller.account.id)).await?;
    let current = row.map(Credentials::from).ok_or(AuthError::NoSuchUser)?.hash;
    let checked = current.clone();
    let matches = auth.hashing.run(move || checked.matches(&old)).await?;
    if matches { Ok(current) } else { Err(AuthError::WrongPassword) }
}
