//! Sessions: log-ins that last, the rotation of their refresh tokens, and how they end.

pub(crate) mod cookie;
pub(crate) mod lifecycle;
pub mod login;
pub mod refresh;
mod session;
mod token_pair;

pub use lifecycle::{count, forget_old};
pub use session::Session;
pub(crate) use session::{Decision, Generation, Relation};
pub(crate) use token_pair::TokenPair;
