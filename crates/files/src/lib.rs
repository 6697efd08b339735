//! Files that people upload: rows in the database, bytes in a folder.
//!
//! A file has a row before its bytes are written, and until they are deleted, so that the database and the
//! store never disagree for longer than a grace period:
//!
//! 1. the row is committed, pending ([`keep`](Files::keep));
//! 2. the bytes are written under a key that is not to be guessed;
//! 3. the row is committed as stored, and the upload is answered;
//! 4. a file that is deleted, whose room is gone, or whose upload was broken off goes after
//!    `files.grace_hours`: first its bytes, then its row ([`sweep`](Files::sweep)).
//!
//! What is received ([`Files::receive`]) waits in a temporary file, so that many uploads take little memory.
//! Pictures are decoded within bounds and written anew, without EXIF and whatever else they carried. Whoever
//! has a link ([`Files::link`]) can read a file; it is signed, and ends.

mod content;
mod context;
mod error;
mod file;
mod form;
mod http;
mod keep;
mod link;
mod name;
mod objects;
mod open_error;
mod picture;
mod store;
mod sweep;

pub use context::Files;
pub use error::FileError;
pub use file::{File, Format, Kind, NewFile};
pub use form::{Form, PartHead, Received};
pub use http::{Documentation, configure};
pub use ids::FileId;
pub use link::LINK_KEY_PURPOSE;
pub use name::FileName;
pub use objects::StoreError;
pub use open_error::OpenError;
