//! How to get from a document back to the one before it.

use documents::{Json, merge_patch};

/// How to get the document before a version.
#[derive(Clone, Debug)]
pub(crate) enum Before {
    /// By a merge patch.
    Patch(String),
    /// It is this one.
    Whole(Json),
    /// There is none.
    Nothing,
}

impl Before {
    /// The step from a document back to the one before it: a merge patch, or the whole document where a
    /// patch would be longer or cannot express it.
    pub(crate) fn of(document: &Json, before: &Json) -> Self {
        let before_text = before.text();
        match merge_patch::diff(document.text(), before_text) {
            Some(patch) if patch.len() < before_text.len() => Self::Patch(patch),
            _ => Self::Whole(before.clone()),
        }
    }
}
