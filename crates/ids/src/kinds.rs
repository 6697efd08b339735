//! The id types.

id! {
    /// A person with an account: a counsellor, an administrator or a client.
    AccountId
}
id! {
    /// A session, to which refresh tokens belong.
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
    /// The author of a save: an account or a visitor.
    AuthorId
}
id! {
    /// A saved state of one game in one room.
    GameplayStateId
}
id! {
    /// A client of a counsellor.
    ClientId
}
id! {
    /// A record of a consultation.
    RecordId
}
id! {
    /// A file that was uploaded.
    FileId
}
id! {
    /// The rules of a game, as a template that rooms refer to.
    GameRuleId
}

impl From<AccountId> for AuthorId {
    fn from(id: AccountId) -> Self {
        Self::from_u128(id.as_uuid().as_u128())
    }
}

impl From<VisitorId> for AuthorId {
    fn from(id: VisitorId) -> Self {
        Self::from_u128(id.as_uuid().as_u128())
    }
}
