//! The caller of a request.

use std::fmt;

use crate::kinds::{AccountId, VisitorId};

/// The caller of a request. The extractor that authenticates it puts this into the request's
/// extensions, and the log line of the request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person with an account.
    Account(AccountId),
    /// A visitor of a room.
    Visitor(VisitorId),
}

/// An account's id is written whole, a visitor's only in part: the whole id authorizes requests for that
/// visitor.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Visitor(id) => write!(f, "visitor:{:.8}", id.to_string()),
        }
    }
}
