//! What counsellors note about their rooms, with earlier texts.
//!
//! A room has one [`Note`], which its owner alone reads and writes. Use cases: [`notes`]. A text that is
//! replaced by one that lacks a part of it stays in the history, and is restored by one call.

mod error;
mod http;
pub mod note;
pub mod notes;
mod store;

pub use error::NoteError;
pub use http::{Documentation, configure, prioritize};
pub use note::{HistoryBounds, Note};
