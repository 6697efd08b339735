//! Files that counsellors upload into their rooms.
//!
//! [`upload`] says which files are taken; the crate `files` receives and stores them.

mod allowed;
mod error;
mod http;
pub mod upload;

pub use error::UploadError;
pub use http::{Documentation, configure};
