//! Dependencies of the use cases.

use std::io;

use admission::HashingLane;
use database::Db;
use settings::Settings;
use thiserror::Error;
use tokio::runtime::Handle;

use crate::accounts::Accounts;
use crate::mail::{Mailer, MailerError};
use crate::passwords::HighestCost;
use crate::pseudonym::Pseudonyms;
use crate::tokens::{AccessTokens, KeyRing, RefreshTokens, VisitorTokens};

/// Dependencies of the use cases of this crate. A clone shares them.
#[derive(Clone)]
pub struct Auth {
    /// The database that stores the accounts.
    pub db: Db,
    /// Cache of the accounts that requests are authorized by.
    pub accounts: Accounts,
    /// Issues and verifies access tokens.
    pub access_tokens: AccessTokens,
    /// Derives refresh tokens.
    pub refresh_tokens: RefreshTokens,
    /// Issues and verifies visitor tokens.
    pub visitor_tokens: VisitorTokens,
    /// Pseudonyms of e-mail addresses in the log.
    pub pseudonyms: Pseudonyms,
    /// Threads that hash passwords.
    pub hashing: HashingLane,
    /// The cost whose time a refused log-in takes.
    pub highest_cost: HighestCost,
    /// Sends mail in the background.
    pub mailer: Mailer,
    /// Settings of the section `auth`.
    pub rules: settings::Auth,
    /// Users in one batch, at most.
    pub batch_users: usize,
}

/// Why the use cases cannot be served.
#[derive(Debug, Error)]
pub enum StartError {
    /// The threads that hash could not be started.
    #[error("cannot start hashing: {0}")]
    Hashing(#[from] io::Error),
    /// The mailer could not be set up.
    #[error(transparent)]
    Mailer(#[from] MailerError),
}

impl Auth {
    /// Starts the background tasks, on `runtime`, and gives the dependencies that use them.
    ///
    /// # Errors
    /// When a thread cannot be started, or the mailer cannot be set up.
    pub fn start(db: Db, settings: &Settings, runtime: &Handle) -> Result<Self, StartError> {
        let (rules, ring) = (&settings.auth, KeyRing::of(&settings.auth));
        Ok(Self {
            accounts: Accounts::of(db.clone(), runtime),
            db,
            access_tokens: AccessTokens::new(
                &ring,
                rules.access_token_minutes,
                rules.legacy_tokens,
            ),
            refresh_tokens: RefreshTokens::new(&ring),
            visitor_tokens: VisitorTokens::new(&ring, rules.visitor_token_minutes),
            pseudonyms: Pseudonyms::new(&rules.jwt_secret),
            hashing: HashingLane::start(&settings.hashing)?,
            highest_cost: HighestCost::new(rules.bcrypt_cost),
            mailer: Mailer::start(&settings.mail, &settings.server.public_url, runtime)?,
            rules: rules.clone(),
            batch_users: settings.limits.batch_users,
        })
    }
}
