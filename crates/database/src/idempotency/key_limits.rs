//! The limits on stored answers, as the settings have them.

/// The number of stored answers. The oldest beyond are deleted, and a repeated request of theirs is
/// carried out again.
#[derive(Clone, Copy, Debug)]
pub struct KeyLimits {
    /// Of one author.
    pub per_author: i64,
    /// Of all authors.
    pub total: i64,
}
