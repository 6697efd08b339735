//! Who saved a version.

use ids::{AccountId, AuthorId, VisitorId};

/// Who saved a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// The counsellor whose room it is.
    Counsellor(AccountId),
    /// A visitor of the room.
    Visitor(VisitorId),
}

impl Author {
    /// The id, whichever kind it is of.
    pub fn id(self) -> AuthorId {
        match self {
            Self::Counsellor(id) => id.into(),
            Self::Visitor(id) => id.into(),
        }
    }

    /// Whether it is a visitor.
    pub fn is_visitor(self) -> bool {
        matches!(self, Self::Visitor(_))
    }
}
