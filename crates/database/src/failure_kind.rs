//! Errors of the database as an answer to a client needs them.

use values::{FailureKind, ServerFailure};

use crate::DatabaseError;

impl ServerFailure for DatabaseError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Pool(_) | Self::Contended => FailureKind::Busy,
            Self::Unavailable(_) => FailureKind::Unavailable,
            Self::Full(_) => FailureKind::QueueFull,
            Self::InDoubt => FailureKind::OutcomeUnknown,
            Self::Refused(_) => FailureKind::Bug,
        }
    }
}
