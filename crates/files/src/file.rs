//! A file, and the formats that are taken.

use ids::{AccountId, FileId, RoomId};

use crate::name::FileName;

/// A file that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its id.
    pub id: FileId,
    /// Its name, as it was uploaded.
    pub name: String,
    /// Its content type.
    pub content_type: String,
    /// Its size in the store, in bytes.
    pub bytes: i64,
}

/// A file to be stored.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// The account that uploads it.
    pub owner: AccountId,
    /// The room that it belongs to. It is deleted with the room.
    pub room: RoomId,
    /// What it is for.
    pub kind: Kind,
    /// Its name.
    pub name: FileName,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file that a counsellor uploaded into a room.
    Upload,
}

impl Kind {
    /// Its name in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
        }
    }
}

/// A format that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A picture, PNG.
    Png,
    /// A picture, JPEG.
    Jpeg,
    /// A document, PDF.
    Pdf,
}

impl Format {
    /// The format of a file by its first bytes; `None` for all others. Its name and its declared type say
    /// nothing: a browser that guesses would be told otherwise by the bytes as well.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        const SIGNATURES: [(&[u8], Format); 3] = [
            (b"\x89PNG\r\n\x1a\n", Format::Png),
            (b"\xff\xd8\xff", Format::Jpeg),
            (b"%PDF-", Format::Pdf),
        ];
        SIGNATURES.into_iter().find(|(start, _)| bytes.starts_with(start)).map(|it| it.1)
    }

    /// Its content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Pdf => PDF,
        }
    }
}

/// The content type of a PDF.
pub(crate) const PDF: &str = "application/pdf";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_told_by_its_first_bytes() {
        #[track_caller]
        fn check(bytes: &[u8], format: Option<Format>) {
            assert_eq!(Format::of(bytes), format);
        }
        check(b"\x89PNG\r\n\x1a\n....", Some(Format::Png));
        check(b"\xff\xd8\xff\xe0..JFIF", Some(Format::Jpeg));
        check(b"%PDF-1.7\n", Some(Format::Pdf));
        check(b"GIF89a", None);
        check(b"<!doctype html>", None);
        check(b"<svg xmlns='http://www.w3.org/2000/svg'/>", None);
        check(b" %PDF-1.7", None);
        check(b"", None);
    }
}
