//! The error of every decoder.

use thiserror::Error;

/// A frame that is no message of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the frame is malformed")]
pub(crate) struct Malformed;
