//! Accounts: what they are, how they come to exist, and the cache that requests are judged by.

mod account;
pub(crate) mod actor;
pub mod batch;
mod cache;
pub mod candidate;
pub mod demo;
pub(crate) mod filter;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod manage;
pub mod register;
mod role;
pub(crate) mod whitelist;

pub use account::Account;
pub(crate) use account::Credentials;
pub use cache::{ACCOUNT_AGE_MAX, Accounts};
pub use role::{Permission, Role, Roles};
