//! Registration, where the profile allows it.

use ids::AccountId;
use values::{Email, Text, time};

use crate::accounts::{Account, Credentials};
use crate::accounts::{Role, Roles};
use crate::audit::{self, Action, AuditEntry};
use crate::client::Client;
use crate::context::Auth;
use crate::error::AuthError;
use crate::passwords::{NewPassword, PasswordHash};
use crate::sessions::{TokenPair, lifecycle};
use crate::store::{self, AccountRow, NewAccount};

/// A registration.
pub(crate) struct Registration {
    /// The address to log in with.
    pub email: Email,
    /// The password.
    pub(crate) password: NewPassword,
    /// The display name.
    pub name: Text<1, 200>,
    /// The roles.
    pub roles: Roles,
}

/// Creates the account and logs it in.
///
/// # Errors
/// When the profile or the role does not allow it, the address is taken, or the password breaks the rules.
pub(crate) async fn register(
    auth: &Auth,
    registration: Registration,
    client: &Client,
) -> Result<(Account, TokenPair), AuthError> {
    let Registration { email, password, name, roles } = registration;
    if !auth.rules.registration {
        return Err(AuthError::RegistrationClosed);
    }
    if roles.has(Role::Admin) {
        return Err(AuthError::RoleNotForChoice);
    }
    // The unique key knows one spelling of a domain only.
    let has_two_spellings = email.unicode_spelling() != email.as_str();
    if has_two_spellings && auth.db.read_one(store::by_email(&email)).await?.is_some() {
        return Err(AuthError::EmailTaken);
    }
    let (password, cost) = (password.check()?, auth.rules.bcrypt_cost);
    let hash = auth.hashing.run(move || password.hash(cost)).await??;
    let account = new_account(email, name.into_inner(), roles, hash);
    let entry = AuditEntry::own(Action::Registered, account.account.id, None);
    let noted = move |created: &[AccountRow]| (!created.is_empty()).then_some(entry);
    let row = NewAccount::from(&account);
    let row = audit::change_and_record(auth, client, store::create(&row), noted).await?.pop();
    lifecycle::open(auth, row.ok_or(AuthError::EmailTaken)?.into(), client).await
}

/// An account that is created now.
pub(crate) fn new_account(
    email: Email,
    name: String,
    roles: Roles,
    hash: PasswordHash,
) -> Credentials {
    let account = Account {
        id: AccountId::new(),
        email,
        name,
        roles,
        is_active: true,
        must_change_password: false,
        created_at: time::now(),
    };
    Credentials { account, hash, epoch: 0 }
}
