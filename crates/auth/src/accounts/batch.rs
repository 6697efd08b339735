//! Creation of many accounts in one request, for administrators.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt};
use utoipa::ToSchema;
use values::Email;

use crate::accounts::Account;
use crate::accounts::actor::Actor;
use crate::accounts::candidate::Candidate;
use crate::accounts::register::new_account;
use crate::accounts::{Role, Roles};
use crate::audit::Action;
use crate::client::Client;
use crate::context::Auth;
use crate::error::AuthError;
use crate::passwords::{Password, PasswordHash, generate};
use crate::store::{self, AccountRow, NewAccount};

/// What to do when the address has an account already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum OnDuplicate {
    /// Leave the account as it is.
    Skip,
    /// Give it the new password.
    ResetPassword,
}

/// The outcome for a candidate.
pub enum Outcome {
    /// The account was created.
    Created {
        /// The address.
        email: Email,
        /// The password to hand over.
        password: Password,
        /// Whether the password has to be changed first.
        must_change: bool,
    },
    /// There was an account.
    Existing {
        /// The address.
        email: Email,
        /// The new password to hand over, if it was reset.
        password: Option<Password>,
        /// The account; none when it was deleted at the same time.
        account: Option<Account>,
    },
    /// No account was created.
    Failed {
        /// The address as it was sent.
        email: String,
        /// The reason.
        reason: String,
    },
}

/// Creates an account for each candidate. Each is independent: one that fails does not stop the others.
///
/// A password that an owner could not choose is accepted, since callers of the earlier backend rely on it,
/// but it has to be changed first, like a generated one.
///
/// # Errors
/// When there are too many candidates, or when the database fails.
pub async fn create(
    auth: &Auth,
    admin: &Account,
    candidates: Vec<Candidate>,
    on_duplicate: OnDuplicate,
    client: &Client,
) -> Result<Vec<Outcome>, AuthError> {
    if candidates.len() > auth.batch_users {
        return Err(AuthError::LargeBatch(auth.batch_users));
    }
    let by = Actor { admin: admin.id, client };
    let mut seen = HashSet::new();
    let once = candidates.into_iter().filter(|it| seen.insert(identity(&it.email)));
    futures::stream::iter(once)
        .map(|candidate| create_one(auth, by, candidate, on_duplicate))
        .buffered(auth.hashing.concurrency())
        .try_collect()
        .await
}

/// What candidates for the same account have in common: the address or, of what is none, the text.
fn identity(sent: &str) -> Result<Email, String> {
    Email::parse(sent).map_err(|_| sent.trim().to_lowercase())
}

async fn create_one(
    auth: &Auth,
    by: Actor<'_>,
    candidate: Candidate,
    on_duplicate: OnDuplicate,
) -> Result<Outcome, AuthError> {
    let Candidate { email: sent, password, name, roles } = candidate;
    let Ok(email) = Email::parse(&sent) else {
        return Ok(Outcome::Failed { email: sent, reason: "Invalid email format".to_owned() });
    };
    let known = auth.db.read_one(store::by_email(&email)).await?.map(Account::from);
    if known.is_some() && on_duplicate == OnDuplicate::Skip {
        return Ok(existing(email, None, known));
    }
    let must_change = password.as_ref().is_none_or(|it| it.check_rules().is_err());
    let password = match password.unwrap_or_else(generate).hashable() {
        Ok(password) => password,
        Err(unfit) => return Ok(Outcome::Failed { email: sent, reason: unfit.to_string() }),
    };
    let hash = hash(auth, password.clone()).await?;
    if known.is_none() {
        let account = row(email.clone(), name, roles, &hash, must_change);
        if by.change(auth, Action::Created, store::create(&account)).await?.is_some() {
            return Ok(Outcome::Created { email, password, must_change });
        }
    }
    // There is an account, from before or from a concurrent request.
    match on_duplicate {
        OnDuplicate::Skip => skip(auth, email).await,
        OnDuplicate::ResetPassword => reset(auth, by, email, password, &hash, must_change).await,
    }
}

/// The row of a new account: without a name called after its address, without roles a counsellor.
pub(crate) fn row(
    email: Email,
    name: Option<String>,
    roles: Option<Roles>,
    hash: &PasswordHash,
    must_change: bool,
) -> NewAccount {
    let name = name.unwrap_or_else(|| email.local_part().to_owned());
    let roles = roles.unwrap_or_else(|| Roles::new([Role::Counselor]));
    let mut account = new_account(email, name, roles, hash.clone());
    account.account.must_change_password = must_change;
    NewAccount::from(&account)
}

async fn skip(auth: &Auth, email: Email) -> Result<Outcome, AuthError> {
    let account = auth.db.read_one(store::by_email(&email)).await?.map(Account::from);
    Ok(existing(email, None, account))
}

async fn reset(
    auth: &Auth,
    by: Actor<'_>,
    email: Email,
    password: Password,
    hash: &PasswordHash,
    must_change: bool,
) -> Result<Outcome, AuthError> {
    let known = auth.db.read_one(store::by_email(&email)).await?;
    let account = match known.as_ref().map(AccountRow::id) {
        Some(id) => {
            let assigned = store::assign_password(id, hash, must_change);
            by.change(auth, Action::PasswordAssigned, assigned).await?
        }
        None => None,
    };
    if let Some(account) = &account {
        auth.accounts.invalidate(account.id);
    }
    Ok(existing(email, Some(password), account))
}

fn existing(email: Email, password: Option<Password>, account: Option<Account>) -> Outcome {
    Outcome::Existing { email, password, account }
}

/// Hashes a password, however many log-ins wait: a batch and an import have bounds of their own.
pub(crate) async fn hash(auth: &Auth, password: Password) -> Result<PasswordHash, AuthError> {
    let cost = auth.rules.bcrypt_cost;
    Ok(auth.hashing.run_unbounded(move || password.hash(cost)).await??)
}
