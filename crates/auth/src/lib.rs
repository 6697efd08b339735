//! Accounts, sessions and tokens: authentication and authorization.
//!
//! - [`accounts`]: accounts, roles; registration, batches, demo accounts.
//! - [`passwords`]: rules and hashes; change and reset.
//! - [`sessions`]: log-in, refresh, listing and ending.
//! - [`tokens`]: keys and formats of access, refresh, visitor and reset tokens.
//! - [`audit`]: the audit log.
//!
//! [`Caller`], [`Admin`], [`SignedIn`] and [`Holder`] are extractors for the handlers of every crate.
//! They authorize by an account that was read at most [`ACCOUNT_AGE_MAX`] ago, so a deactivated account,
//! an ended session or a changed role takes effect within that time.

pub mod accounts;
pub mod audit;
mod caller;
mod client;
mod context;
mod error;
mod http;
pub mod mail;
pub mod passwords;
mod pseudonym;
pub mod sessions;
mod store;
pub mod tokens;

pub use accounts::{ACCOUNT_AGE_MAX, Account, Accounts, Permission, Role, Roles, demo};
pub use caller::{Admin, Caller, Holder, OptionalCaller, SignedIn};
pub use client::Client;
pub use context::{Auth, StartError};
pub use error::AuthError;
pub use http::{Documentation, configure, guard, prioritize};
pub use passwords::{Password, PasswordHash};
pub use pseudonym::Pseudonyms;
pub use sessions::{Session, login};
pub use tokens::{
    AccessClaims, AccessTokens, KeyRing, MailToken, RefreshToken, RefreshTokens, VisitorClaims,
    VisitorTokens,
};
pub use values::Email;
