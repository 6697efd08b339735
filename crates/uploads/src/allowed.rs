//! The extensions and content types of files that may be uploaded.

/// The extensions that are taken.
pub(crate) const EXTENSIONS: [&str; 4] = ["pdf", "jpg", "jpeg", "png"];

/// The declared content types that are taken. What a file is said to be and what it is are checked apart.
pub(crate) const CONTENT_TYPES: [&str; 3] = ["application/pdf", "image/jpeg", "image/png"];
