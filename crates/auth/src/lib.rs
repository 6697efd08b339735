//! Accounts: who somebody is, and what they may do.
//!
//! Nouns and their rules: [`Account`], [`Email`], [`Role`], [`Password`], [`Session`], [`Tokens`].
//! Use cases: [`login`], [`register`], [`password`] changes and [`reset`], [`batch`] creation,
//! [`sessions`] and how they are refreshed, the [`audit`] log, the [`demo`] accounts. [`Caller`] and
//! [`Admin`] are who asks, for the handlers of every crate: the account is at most
//! [`ACCOUNT_AGE_MAX`] old, so that a deactivated account or a changed role takes effect within that
//! time.

mod account;
mod accounts;
pub mod audit;
pub mod batch;
mod caller;
mod client;
mod common_passwords;
mod cookie;
pub mod demo;
mod error;
mod expiry;
mod http;
mod keys;
pub mod login;
pub mod mail;
mod pass;
pub mod password;
mod pseudonym;
pub mod refresh;
mod refresh_token;
pub mod register;
pub mod reset;
mod role;
mod secret;
mod session;
pub mod sessions;
mod signer;
mod store;
mod token;

use admission::HashingLane;
use database::Db;

pub use account::Account;
pub use accounts::{ACCOUNT_AGE_MAX, Accounts};
pub use caller::{Admin, Caller, Holder, SignedIn};
pub use client::Client;
pub use error::AuthError;
pub use http::{Documentation, configure, guard, prioritize};
pub use keys::KeyRing;
pub use pass::{Pass, Passes};
pub use pseudonym::Pseudonyms;
pub use refresh_token::{RefreshToken, RefreshTokens};
pub use role::{Permission, Role, Roles};
pub use secret::{Password, PasswordHash};
pub use session::Session;
pub use token::{Bearer, Tokens};
pub use values::Email;

use mail::Mailer;

/// What the use cases of this crate work with. Cloning shares it.
#[derive(Clone)]
pub struct Auth {
    /// Where accounts live.
    pub db: Db,
    /// The accounts that requests are judged by.
    pub accounts: Accounts,
    /// Issues and verifies access tokens.
    pub tokens: Tokens,
    /// Derives refresh tokens.
    pub refresh_tokens: RefreshTokens,
    /// Issues and verifies the tokens of visitors.
    pub passes: Passes,
    /// What the log calls addresses.
    pub pseudonyms: Pseudonyms,
    /// Where passwords are hashed.
    pub hashing: HashingLane,
    /// Sends what must reach the owner of an address.
    pub mailer: Mailer,
    /// What the profile allows.
    pub rules: settings::Auth,
    /// Users that one batch may create.
    pub batch_users: usize,
}
