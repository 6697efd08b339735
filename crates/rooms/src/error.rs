//! What can go wrong with rooms, as the caller sees it.

use actix_web::http::StatusCode;
use admission::Limited;
use api::Problem;
use database::DatabaseError;
use thiserror::Error;

use crate::room::{Deed, RoomClosed};

/// Why a request about rooms was not carried out.
#[derive(Debug, Error)]
pub enum RoomError {
    /// The room takes nobody in.
    #[error(transparent)]
    Closed(#[from] RoomClosed),
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
    /// A room shall be opened with a rule that there is not.
    #[error("Unknown game rule: {0}")]
    UnknownRule(String),
    /// Only counsellors open rooms.
    #[error("Only counselors can create rooms")]
    NotACounsellor,
    /// Only the owner or an administrator may do this.
    #[error("Only room owner or admin can {}", .0.verb())]
    Forbidden(Deed),
    /// A room that is open shall be restored.
    #[error("Room is already active")]
    AlreadyActive,
    /// Every share code that was drawn was taken: a bug, or far too many rooms.
    #[error("no free share code was found in {0} draws")]
    NoFreeCode(u32),
    /// Too many codes were wrong.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// The client's name for the request stands for another one.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] DatabaseError),
}

impl RoomError {
    /// Whether a share code led nowhere.
    pub(crate) fn is_wrong_code(&self) -> bool {
        matches!(self, Self::Closed(_) | Self::NoSuchRoom)
    }
}

impl From<RoomError> for Problem {
    fn from(error: RoomError) -> Self {
        let (status, code) = match error {
            RoomError::Store(error) => return error.into(),
            RoomError::Limited(limited) => return limited.into(),
            RoomError::KeyReused => return api::key_reused(),
            RoomError::NoFreeCode(_) => return Self::bug(&error),
            RoomError::Closed(_) => (StatusCode::NOT_FOUND, "room_closed"),
            RoomError::NoSuchRoom => (StatusCode::NOT_FOUND, "room_not_found"),
            RoomError::NoSuchVisitor => (StatusCode::NOT_FOUND, "visitor_not_found"),
            RoomError::NoSuchRule => (StatusCode::NOT_FOUND, "game_rule_not_found"),
            RoomError::VisitorLeft => (StatusCode::BAD_REQUEST, "visitor_left"),
            RoomError::UnknownRule(_) => (StatusCode::BAD_REQUEST, "unknown_game_rule"),
            RoomError::AlreadyActive => (StatusCode::BAD_REQUEST, "room_already_active"),
            RoomError::NotInRoom => (StatusCode::FORBIDDEN, "visitor_not_in_room"),
            RoomError::NotACounsellor => (StatusCode::FORBIDDEN, "counselor_required"),
            RoomError::Forbidden(_) => (StatusCode::FORBIDDEN, "not_room_owner"),
        };
        Self::new(status, code, error.to_string())
    }
}
