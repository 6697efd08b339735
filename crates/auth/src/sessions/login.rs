//! Log-in by address and password.

use std::time::Instant;

use admission::Logins;
use tracing::{info, warn};
use values::Email;

use crate::accounts::{Account, Credentials};
use crate::audit::{self, Action, AuditEntry};
use crate::client::Client;
use crate::context::Auth;
use crate::error::AuthError;
use crate::passwords::{Password, PasswordHash};
use crate::sessions::{TokenPair, lifecycle};
use crate::store;

/// Logs in by address and password.
///
/// An unknown address takes as much time as a known one and gets the same answer; so does an inactive
/// account, unless the password is right.
///
/// # Errors
/// When the password is wrong, the account is inactive, too many attempts failed, or the hashing queue is
/// full.
pub(crate) async fn login(
    auth: &Auth,
    limits: &Logins,
    client: &Client,
    email: &Email,
    password: Password,
) -> Result<(Account, TokenPair), AuthError> {
    let start = Instant::now();
    let outcome = attempt(auth, limits, client, email, password).await;
    let duration_ms = start.elapsed().as_secs_f64() * 1e3;
    let (email, outcome_word) = (auth.pseudonyms.of(email), word(&outcome));
    info!(outcome = outcome_word, duration_ms, email, "login_attempt");
    outcome
}

/// The outcome of a log-in, as the log names it.
fn word<T>(outcome: &Result<T, AuthError>) -> &'static str {
    match outcome {
        Ok(_) => "succeeded",
        Err(AuthError::WrongCredentials) => "wrong_credentials",
        Err(AuthError::InactiveLogin) => "inactive",
        Err(AuthError::Limited(_)) => "limited",
        Err(AuthError::Hashing(_)) => "busy",
        Err(_) => "failed",
    }
}

async fn attempt(
    auth: &Auth,
    limits: &Logins,
    client: &Client,
    email: &Email,
    password: Password,
) -> Result<(Account, TokenPair), AuthError> {
    let check = check(auth, client, email, password);
    let is_wrong = AuthError::is_wrong_guess;
    let network = client.address.network();
    // A database that cannot answer knows no client.
    let is_known = async || {
        auth.db
            .read_one(store::sessions::from_network(email, &network))
            .await
            .is_ok_and(|it| it.is_some())
    };
    let checked = limits.attempt(email.as_str(), client.address, is_known, check, is_wrong).await;
    let (credentials, password) = checked?;
    let logged_in = lifecycle::open(auth, credentials.clone(), client).await?;
    if credentials.hash.is_cheaper_than(auth.rules.bcrypt_cost) {
        tokio::spawn(strengthen(auth.clone(), credentials, password));
    }
    Ok(logged_in)
}

/// Verifies the password; gives the account and the password.
async fn check(
    auth: &Auth,
    client: &Client,
    email: &Email,
    password: Password,
) -> Result<(Credentials, Password), AuthError> {
    let known = auth.db.read_one(store::by_email(email)).await?.map(Credentials::from);
    let hash = known.as_ref().map(|it| it.hash.clone());
    if let Some(cost) = hash.as_ref().and_then(PasswordHash::cost) {
        auth.highest_cost.observe(cost);
    }
    let cost = auth.highest_cost.get();
    let hash = hash.unwrap_or_else(|| PasswordHash::matching_nothing(cost));
    let check = move || (hash.matches_at_cost(&password, cost), password);
    let (matches, password) = auth.hashing.run(check).await?;

    if !matches {
        if let Some(known) = known {
            record_failure(auth, &known.account, client);
        }
        return Err(AuthError::WrongCredentials);
    }
    let credentials = known.ok_or(AuthError::WrongCredentials)?;
    if !credentials.account.is_active {
        return Err(AuthError::InactiveLogin);
    }
    Ok((credentials, password))
}

/// Finds the highest cost of the stored hashes, and hashes once at that cost, so that the lane can estimate
/// waits before the first log-in.
///
/// # Errors
/// When the database fails, or the lane is full; then both are learned from log-ins.
pub async fn measure(auth: &Auth) -> Result<(), AuthError> {
    let stored = auth.db.read_one(store::highest_cost()).await?.flatten();
    if let Some(cost) = stored.and_then(|it| it.parse().ok()) {
        auth.highest_cost.observe(cost);
    }
    let hash = PasswordHash::matching_nothing(auth.highest_cost.get());
    auth.hashing.run(move || hash.matches(&Password::from(String::new()))).await?;
    Ok(())
}

/// Records a failed log-in in the background, so that a known address takes no longer than an unknown one.
fn record_failure(auth: &Auth, account: &Account, client: &Client) {
    let entry = AuditEntry::anonymous(Action::LoginFailed, Some(account.id));
    let (auth, client) = (auth.clone(), client.clone());
    tokio::spawn(async move { audit::record(&auth, &client, entry).await });
}

/// Hashes a password again at the current cost, unless it was changed in the meantime.
async fn strengthen(auth: Auth, credentials: Credentials, password: Password) {
    let Credentials { account, hash, .. } = credentials;
    match rehash(&auth, &account, &hash, password).await {
        Ok(_) => info!(user.id = %account.id, "rehashed the password of {}", account.id),
        Err(error) => warn!(user.id = %account.id, "rehashing is postponed: {error}"),
    }
}

async fn rehash(
    auth: &Auth,
    account: &Account,
    old: &PasswordHash,
    password: Password,
) -> Result<usize, AuthError> {
    let cost = auth.rules.bcrypt_cost;
    let new = auth.hashing.run(move || password.hash(cost)).await??;
    Ok(auth.db.write(store::replace_password(account.id, old, &new)).await?)
}
