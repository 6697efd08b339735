//! Passwords: the rules for them, their hashes, how an owner changes or resets one.

pub(crate) mod change;
mod common;
mod generated;
mod hash;
mod highest_cost;
mod password;
pub(crate) mod reset;

pub(crate) use generated::generate;
pub use hash::PasswordHash;
pub use highest_cost::HighestCost;
pub use password::Password;
pub(crate) use password::{NewPassword, UnfitPassword};
pub use reset::delete_expired as delete_expired_resets;
