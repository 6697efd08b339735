//! Errors about rooms, as callers see them.

use actix_web::http::StatusCode;
use admission::Limited;
use api::Problem;
use database::DatabaseError;
use thiserror::Error;

use crate::join::JoinRefused;
use crate::room::{Forbidden, RoomClosed};

/// Why a request about rooms was not carried out.
#[derive(Debug, Error)]
pub enum RoomError {
    /// The room admits no visitors.
    #[error(transparent)]
    Closed(#[from] RoomClosed),
    /// The room has as many visitors as it may have.
    #[error("Room is full")]
    Full,
    /// The account has as many rooms as it may have.
    #[error("Too many rooms")]
    TooManyRooms,
    /// There is no such room.
    #[error("Room not found")]
    NoSuchRoom,
    /// There is no such visitor.
    #[error("Visitor not found")]
    NoSuchVisitor,
    /// The visitor left.
    #[error("Visitor is inactive")]
    VisitorLeft,
    /// The visitor is in another room, or in none.
    #[error("You are not in this room")]
    NotInRoom,
    /// There is no such rule.
    #[error("Game rule not found")]
    NoSuchRule,
    /// There is no such template of a rule.
    #[error("Game rule template not found")]
    NoSuchTemplate,
    /// Only counsellors see the templates.
    #[error("Insufficient permissions")]
    NoTemplates,
    /// A room was to be opened with an unknown rule.
    #[error("Unknown game rule: {0}")]
    UnknownRule(String),
    /// The counsellor has no such client.
    #[error("Client not found")]
    NoSuchClient,
    /// Only counsellors open rooms.
    #[error("Only counselors can create rooms")]
    NotACounsellor,
    /// Only the owner and administrators may do this.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The room to be restored is open.
    #[error("Room is already active")]
    AlreadyActive,
    /// Every share code that was drawn is taken: a bug, or far too many rooms.
    #[error("no free share code was found in {0} draws")]
    NoFreeCode(u32),
    /// The client sent too many wrong codes.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// The idempotency key stands for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl RoomError {
    /// Whether no room has the share code, or the room is closed.
    pub(crate) fn is_wrong_code(&self) -> bool {
        matches!(self, Self::Closed(_) | Self::NoSuchRoom)
    }
}

impl From<JoinRefused> for RoomError {
    fn from(refused: JoinRefused) -> Self {
        match refused {
            JoinRefused::Closed(closed) => closed.into(),
            JoinRefused::Full => Self::Full,
        }
    }
}

impl From<RoomError> for Problem {
    fn from(error: RoomError) -> Self {
        let (status, code) = match error {
            RoomError::Database(error) => return error.into(),
            RoomError::Limited(limited) => return limited.into(),
            RoomError::KeyReused => return api::key_reused(),
            RoomError::NoFreeCode(_) => return Self::bug(&error),
            RoomError::Closed(_) => (StatusCode::NOT_FOUND, "room_closed"),
            RoomError::NoSuchRoom => (StatusCode::NOT_FOUND, "room_not_found"),
            RoomError::NoSuchVisitor => (StatusCode::NOT_FOUND, "visitor_not_found"),
            RoomError::NoSuchClient => (StatusCode::NOT_FOUND, "client_not_found"),
            RoomError::NoSuchRule | RoomError::NoSuchTemplate => {
                (StatusCode::NOT_FOUND, "game_rule_not_found")
            }
            RoomError::NoTemplates => (StatusCode::FORBIDDEN, "insufficient_permissions"),
            RoomError::VisitorLeft => (StatusCode::BAD_REQUEST, "visitor_left"),
            RoomError::UnknownRule(_) => (StatusCode::BAD_REQUEST, "unknown_game_rule"),
            RoomError::Full => (StatusCode::CONFLICT, "room_full"),
            RoomError::TooManyRooms => (StatusCode::CONFLICT, "too_many_rooms"),
            RoomError::AlreadyActive => (StatusCode::BAD_REQUEST, "room_already_active"),
            RoomError::NotInRoom => (StatusCode::FORBIDDEN, "visitor_not_in_room"),
            RoomError::NotACounsellor => (StatusCode::FORBIDDEN, "counselor_required"),
            RoomError::Forbidden(_) => (StatusCode::FORBIDDEN, "not_room_owner"),
        };
        Self::new(status, code, error.to_string())
    }
}
