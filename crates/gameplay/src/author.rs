//! The author of a version.

use ids::{AccountId, AuthorId, VisitorId};

/// The author of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// The counsellor who owns the room.
    Counsellor(AccountId),
    /// A visitor of the room.
    Visitor(VisitorId),
    /// The server, which saves the moves of visitors that no page saves.
    Server,
}

/// The kind of an author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorKind {
    /// The counsellor who owns the room.
    Counsellor,
    /// A visitor of the room.
    Visitor,
    /// The server.
    Server,
}

impl Author {
    /// The id of either kind.
    pub fn id(self) -> AuthorId {
        match self {
            Self::Counsellor(id) => id.into(),
            Self::Visitor(id) => id.into(),
            Self::Server => AuthorId::from_u128(0),
        }
    }

    /// Which kind of author it is.
    pub fn kind(self) -> AuthorKind {
        match self {
            Self::Counsellor(_) => AuthorKind::Counsellor,
            Self::Visitor(_) => AuthorKind::Visitor,
            Self::Server => AuthorKind::Server,
        }
    }
}
