//! Who asks, as the log names them.

use std::fmt;

use ids::{AccountId, VisitorId};

/// Who asks: an extractor that finds out puts it into the request's extensions, from where the line
/// of the request takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Somebody with an account.
    Account(AccountId),
    /// Somebody who joined a room.
    Visitor(VisitorId),
}

/// An account's id is written whole. Of a visitor's only the beginning: whoever knows all of it may
/// speak for that visitor.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Visitor(id) => write!(f, "visitor:{:.8}", id.to_string()),
        }
    }
}
