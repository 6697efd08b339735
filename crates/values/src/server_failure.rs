//! Failures that are the server's, classified for the answer to a client.

use std::error::Error;

/// Kinds of failures that are not the client's. The HTTP layer has one answer for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// A resource such as a pool is used up or contended; the same request succeeds later.
    Busy,
    /// A dependency cannot be reached.
    Unavailable,
    /// The queue of writes is full; nothing was written.
    QueueFull,
    /// It is unknown whether the write took effect.
    OutcomeUnknown,
    /// A defect of the service.
    Bug,
}

/// An error of a lower layer that the HTTP layer can answer without knowing its type.
pub trait ServerFailure: Error {
    /// The kind of this failure.
    fn kind(&self) -> FailureKind;
}
