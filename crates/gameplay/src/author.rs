//! The author of a version.

use ids::{AccountId, AuthorId, VisitorId};

/// The author of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// The counsellor who owns the room.
    Counsellor(AccountId),
    /// A visitor of the room.
    Visitor(VisitorId),
}

impl Author {
    /// The id of either kind.
    pub fn id(self) -> AuthorId {
        match self {
            Self::Counsellor(id) => id.into(),
            Self::Visitor(id) => id.into(),
        }
    }

    /// Whether the author is a visitor.
    pub fn is_visitor(self) -> bool {
        matches!(self, Self::Visitor(_))
    }
}
