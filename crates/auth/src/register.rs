//! Registering an account of one's own, where the profile allows it.

use ids::AccountId;
use values::{Email, Text, time};

use crate::account::{Account, Credentials};
use crate::audit::{self, Action, Deed};
use crate::client::Client;
use crate::error::AuthError;
use crate::login::LoggedIn;
use crate::role::{Role, Roles};
use crate::secret::{Password, PasswordHash};
use crate::store::{self, AccountRow, NewAccount};
use crate::{Auth, sessions};

/// What somebody says who registers.
pub struct Registration {
    /// The address to log in with.
    pub email: Email,
    /// The password, of their own choice.
    pub password: Password,
    /// What people shall call them.
    pub name: Text<1, 200>,
    /// The roles they choose.
    pub roles: Roles,
}

/// Creates the account and logs it in.
///
/// # Errors
/// When the profile or the role does not allow it, the address is taken, or the password unfit.
pub async fn register(
    auth: &Auth,
    registration: Registration,
    client: &Client,
) -> Result<LoggedIn, AuthError> {
    let Registration { email, password, name, roles } = registration;
    if !auth.rules.registration {
        return Err(AuthError::RegistrationClosed);
    }
    if roles.has(Role::Admin) {
        return Err(AuthError::RoleNotForChoice);
    }
    let (password, cost) = (password.fit_to_set()?, auth.rules.bcrypt_cost);
    let hash = auth.hashing.run(move || password.hash(cost)).await??;
    let newcomer = newcomer(email, name.into_inner(), roles, hash);
    let deed = Deed::own(Action::Registered, newcomer.account.id, None);
    let noted = move |created: &[AccountRow]| (!created.is_empty()).then_some(deed);
    let newcomer = NewAccount::from(&newcomer);
    let row = audit::carry_out(auth, client, store::create(&newcomer), noted).await?.pop();
    sessions::open(auth, row.ok_or(AuthError::EmailTaken)?.into(), client).await
}

/// An account that begins now.
pub(crate) fn newcomer(
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
