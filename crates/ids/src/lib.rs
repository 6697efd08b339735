//! One type per kind of thing: a room's id is never taken for a visitor's.
//!
//! Every id is a random UUID (version 4), made by us and not by the database. Unguessable ids
//! are a promise of the API: whoever knows a visitor's id may speak for that visitor.
//!
//! Ids are read in any of the usual spellings (hyphenated, 32 digits, braces, either case) and
//! written in lower case with hyphens.

#[macro_use]
mod id;
mod path_params;
mod principal;
#[cfg(feature = "diesel")]
pub mod sql;

pub use principal::Principal;

id! {
    /// A person with an account: a counsellor, an administrator or a client.
    AccountId
}
id! {
    /// A log-in that lasts: what a refresh token belongs to.
    SessionId
}
id! {
    /// An entry of the audit log.
    AuditId
}
id! {
    /// A room that a counsellor opened.
    RoomId
}
id! {
    /// A person who joined a room by its share code.
    VisitorId
}
id! {
    /// Whoever saved something: a person with an account, or a visitor.
    AuthorId
}
id! {
    /// A saved state of one game in one room.
    GameplayStateId
}
id! {
    /// The rules of a game, as a template that rooms refer to.
    GameRuleId
}

impl From<AccountId> for AuthorId {
    fn from(id: AccountId) -> Self {
        Self::well_known(id.as_uuid().as_u128())
    }
}

impl From<VisitorId> for AuthorId {
    fn from(id: VisitorId) -> Self {
        Self::well_known(id.as_uuid().as_u128())
    }
}
