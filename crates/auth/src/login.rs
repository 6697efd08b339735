//! Logging in.

use std::time::Instant;

use admission::Logins;
use ids::SessionId;
use tracing::{info, warn};

use crate::account::{Account, Credentials};
use crate::audit::{self, Action, Deed};
use crate::client::Client;
use crate::error::AuthError;
use crate::refresh_token::RefreshToken;
use crate::secret::{Password, PasswordHash};
use crate::{Auth, sessions, store};
use values::Email;

/// What somebody who logged in gets.
pub struct LoggedIn {
    /// Names the account in later requests.
    pub access_token: String,
    /// Seconds that the token lives.
    pub expires_in: i64,
    /// Gets the next pair of tokens.
    pub refresh_token: RefreshToken,
    /// The session that began.
    pub session: SessionId,
    /// Who logged in.
    pub account: Account,
}

/// Logs in by address and password.
///
/// An unknown address costs as much time as a known one, and is answered alike; so is an inactive
/// account, unless the password is right.
///
/// # Errors
/// When the two do not belong together, the account is inactive, too many failed before, or too many
/// others log in.
pub async fn login(
    auth: &Auth,
    limits: &Logins,
    client: &Client,
    email: &Email,
    password: Password,
) -> Result<LoggedIn, AuthError> {
    let start = Instant::now();
    let outcome = attempt(auth, limits, client, email, password).await;
    let duration_ms = start.elapsed().as_secs_f64() * 1e3;
    let (email, outcome_word) = (auth.pseudonyms.of(email), word(&outcome));
    info!(outcome = outcome_word, duration_ms, email, "login_attempt");
    outcome
}

/// How the log calls what came of a log-in.
fn word(outcome: &Result<LoggedIn, AuthError>) -> &'static str {
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
) -> Result<LoggedIn, AuthError> {
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
    let logged_in = sessions::open(auth, credentials.clone(), client).await?;
    if credentials.hash.is_cheaper_than(auth.rules.bcrypt_cost) {
        tokio::spawn(strengthen(auth.clone(), credentials, password));
    }
    Ok(logged_in)
}

/// Gives the account to which both belong, and the password.
async fn check(
    auth: &Auth,
    client: &Client,
    email: &Email,
    password: Password,
) -> Result<(Credentials, Password), AuthError> {
    let known = auth.db.read_one(store::by_email(email)).await?.map(Credentials::from);
    let hash = known.as_ref().map(|it| it.hash.clone());
    let cost = auth.rules.bcrypt_cost;
    let hash = hash.unwrap_or_else(|| PasswordHash::of_nobody(cost));
    let check = move || (hash.matches_at_cost(&password, cost), password);
    let (matches, password) = auth.hashing.run(check).await?;

    if !matches {
        if let Some(known) = known {
            note_failure(auth, &known.account, client);
        }
        return Err(AuthError::WrongCredentials);
    }
    let credentials = known.ok_or(AuthError::WrongCredentials)?;
    if !credentials.account.is_active {
        return Err(AuthError::InactiveLogin);
    }
    Ok((credentials, password))
}

/// Checks a password against nobody's hash, so that the lane knows what a hash costs here before
/// anybody waits for one.
///
/// # Errors
/// When the lane has no place, which then knows from others.
pub async fn measure(auth: &Auth) -> Result<(), AuthError> {
    let hash = PasswordHash::of_nobody(auth.rules.bcrypt_cost);
    auth.hashing.run(move || hash.matches(&Password::from(String::new()))).await?;
    Ok(())
}

/// Writes a failure down aside, so that a known address takes no longer than an unknown one.
fn note_failure(auth: &Auth, account: &Account, client: &Client) {
    let deed = Deed::by_nobody(Action::LoginFailed, Some(account.id));
    let (auth, client) = (auth.clone(), client.clone());
    tokio::spawn(async move { audit::note(&auth, &client, deed).await });
}

/// Hashes a password anew at today's cost, unless it was changed in the meantime.
async fn strengthen(auth: Auth, credentials: Credentials, password: Password) {
    let Credentials { account, hash, .. } = credentials;
    match rehash(&auth, &account, &hash, password).await {
        Ok(_) => info!(user.id = %account.id, "the password of {} was hashed anew", account.id),
        Err(error) => warn!(user.id = %account.id, "rehashing has to wait: {error}"),
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
