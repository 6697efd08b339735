//! The limits of a document, and the reasons to refuse one.

use thiserror::Error;

/// Limits of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the canonical text.
    pub bytes: usize,
    /// Arrays and objects inside one another; `[]` has depth 1.
    pub depth: usize,
    /// Values in the document, itself included.
    pub nodes: usize,
}

/// Why a document was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The text is longer than the limit.
    #[error("the document is larger than {0} bytes")]
    TooLarge(usize),
    /// Arrays and objects are nested more deeply than the limit.
    #[error("the document is nested more than {0} levels deep")]
    TooDeep(usize),
    /// There are more values than the limit.
    #[error("the document has more than {0} values")]
    TooManyNodes(usize),
    /// PostgreSQL cannot store U+0000.
    #[error("the document contains the character U+0000")]
    NulCharacter,
    /// Half of a surrogate pair is not a character.
    #[error("the document contains a lone surrogate")]
    LoneSurrogate,
    /// A number that a double cannot hold, or that has more than 400 digits without an exponent.
    #[error("the document contains a number out of range")]
    NumberOutOfRange,
}
