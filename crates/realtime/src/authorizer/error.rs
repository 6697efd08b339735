//! The reasons for which a client is not authorized.

use auth::AuthError;
use rooms::RoomError;
use thiserror::Error;

/// The reason for which a client is not authorized. Clients look at the part before the colon.
#[derive(Debug, Error)]
pub(crate) enum AuthorizationError {
    #[error("Unauthorized: join with a token of the room's owner or of a visitor of the room")]
    NoToken,
    #[error("InvalidJWTToken: the token is not valid, or its time is over")]
    BadToken,
    #[error("Unauthorized: the token is for another room")]
    OtherRoom,
    #[error("Unauthorized: the visitor left this room")]
    VisitorLeft,
    #[error("RoomNotFound: there is no such room")]
    NoSuchRoom,
    #[error("RoomClosed: this room is closed or over")]
    RoomClosed,
    #[error("Unavailable: the service is busy, please try again")]
    Busy,
}

impl AuthorizationError {
    /// The value of the label `reason` in metrics.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::BadToken => "bad_token",
            Self::OtherRoom => "other_room",
            Self::VisitorLeft => "visitor_left",
            Self::NoSuchRoom => "no_such_room",
            Self::RoomClosed => "room_closed",
            Self::Busy => "busy",
        }
    }

    /// Whether no other token helps.
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(self, Self::RoomClosed | Self::NoSuchRoom)
    }

    /// Whether the identity that the token proves may not use the room: a rejoin needs another one.
    pub(crate) fn excludes_identity(&self) -> bool {
        matches!(self, Self::OtherRoom | Self::VisitorLeft)
    }
}

impl From<AuthError> for AuthorizationError {
    fn from(error: AuthError) -> Self {
        if matches!(error, AuthError::Database(_)) { Self::Busy } else { Self::BadToken }
    }
}

impl From<RoomError> for AuthorizationError {
    fn from(error: RoomError) -> Self {
        match error {
            RoomError::NoSuchRoom => Self::NoSuchRoom,
            RoomError::Closed(_) => Self::RoomClosed,
            RoomError::NotInRoom | RoomError::NoSuchVisitor => Self::VisitorLeft,
            _ => Self::Busy,
        }
    }
}
