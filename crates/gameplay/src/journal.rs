//! The journal of a document: its latest versions, each with the step back to the one before.
//!
//! One line per version, oldest first: a JSON array of the version's number, when it was saved
//! (microseconds since 1970), the kind of its author, the author's id, the length of its document in
//! bytes, and how to get the document before it: by a merge patch, or as a whole where a patch would be
//! longer or cannot express it. The first version of a state has nothing before it.

use std::sync::Arc;

use chrono::DateTime;
use documents::{Json, merge_patch};
use ids::AuthorId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::author::AuthorKind;
use crate::before::Before;
use crate::save::Save;
use crate::version::{Tag, Version};

/// The size from which a journal is full, in bytes. Every save writes the whole journal again: ten whole
/// documents of a quarter of a megabyte would make a row of nearly three.
const BYTES_MAX: usize = 64 << 10;

/// The journal of a document. Cloning copies no text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Journal {
    text: Arc<str>,
    versions: usize,
}

/// A document and the journal that leads back from it, of a state or of a segment.
pub(crate) struct DocumentWithJournal {
    pub(crate) document: Json,
    pub(crate) journal: Journal,
}

/// A version, and how to get the document of the one before.
pub(crate) struct Entry {
    pub(crate) version: Version,
    before: Before,
}

/// Why an entry cannot be read. Only damage of the database leads to it.
#[derive(Debug, Error)]
pub(crate) enum JournalError {
    #[error("a line of the journal is not an entry")]
    Line(#[from] serde_json::Error),
    #[error("an entry of the journal has a time out of range: {0} microseconds")]
    Time(i64),
}

/// An entry as it is written.
#[derive(Serialize, Deserialize)]
struct Line<'a>(
    i64,
    i64,
    char,
    AuthorId,
    i32,
    #[serde(borrow)] Option<&'a RawValue>,
    #[serde(borrow)] Option<&'a RawValue>,
);

impl Journal {
    /// A journal as it is stored.
    pub(crate) fn of(text: &str) -> Self {
        Self { versions: text.lines().count(), text: text.into() }
    }

    /// The journal as it is stored.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it becomes a segment: with so many versions, or with [`BYTES_MAX`].
    pub(crate) fn is_full(&self, versions_max: usize) -> bool {
        self.versions >= versions_max || self.text.len() > BYTES_MAX
    }

    /// The number of versions in it.
    #[cfg(test)]
    pub(crate) fn versions(&self) -> usize {
        self.versions
    }

    /// Appends a version, whose document has so many bytes.
    pub(crate) fn append(&mut self, save: &Save, tag: Tag, bytes: usize, before: &Before) {
        let mut text = String::with_capacity(self.text.len() + 256);
        text.push_str(&self.text);
        write_line(&mut text, save, tag, bytes, before);
        *self = Self { text: text.into(), versions: self.versions + 1 };
    }

    /// The entries, newest first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Result<Entry, JournalError>> {
        self.text.lines().rev().map(Entry::parse)
    }
}

fn write_line(text: &mut String, save: &Save, tag: Tag, bytes: usize, before: &Before) {
    use std::fmt::Write;
    let at = save.at.timestamp_micros();
    let role = match save.author.kind() {
        AuthorKind::Counsellor => 'c',
        AuthorKind::Visitor => 'v',
        AuthorKind::Server => 's',
    };
    let (id, number) = (save.author.id(), tag.version);
    let (patch, whole) = match before {
        Before::Patch(patch) => (patch.as_str(), "null"),
        Before::Whole(whole) => ("null", whole.text()),
        Before::Nothing => ("null", "null"),
    };
    // Writing into a `String` cannot fail.
    let _ = writeln!(text, r#"[{number},{at},"{role}","{id}",{bytes},{patch},{whole}]"#);
}

impl Entry {
    fn parse(line: &str) -> Result<Self, JournalError> {
        let Line(number, at, role, author_id, bytes, patch, whole) = serde_json::from_str(line)?;
        let before = match (patch, whole) {
            (Some(patch), _) => Before::Patch(patch.get().to_owned()),
            (None, Some(whole)) => Before::Whole(Json::from_raw(whole.to_owned())),
            (None, None) => Before::Nothing,
        };
        let saved_at = DateTime::from_timestamp_micros(at).ok_or(JournalError::Time(at))?;
        let author = match role {
            'v' => AuthorKind::Visitor,
            's' => AuthorKind::Server,
            _ => AuthorKind::Counsellor,
        };
        let version = Version { number, saved_at, author_id, author, bytes };
        Ok(Self { version, before })
    }

    /// The document before this version, whose own document is `document`.
    ///
    /// # Errors
    /// When the entry does not contain a document.
    pub(crate) fn before(&self, document: &Json) -> Result<Option<Json>, JournalError> {
        Ok(match &self.before {
            Before::Patch(patch) => {
                Some(Json::from_stored(&merge_patch::apply(document.text(), patch))?)
            }
            Before::Whole(whole) => Some(whole.clone()),
            Before::Nothing => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_is_damaged_is_an_error() {
        let id = "00000000-0000-0000-0000-00000000000a";
        for (line, is_read) in [
            (format!(r#"[1,0,"c","{id}",2,null,null]"#), true),
            (format!(r#"[1,{},"c","{id}",2,null,null]"#, i64::MAX), false),
            (format!(r#"[1,0,"c","{id}",2,null"#), false),
            ("{}".to_owned(), false),
        ] {
            let journal = Journal::of(&line);
            let read: Vec<_> = journal.entries().map(|entry| entry.is_ok()).collect();
            assert_eq!(read, [is_read], "{line}");
        }
    }
}
