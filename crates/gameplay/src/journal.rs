//! The journal of a document: its latest versions, each with the way back to the one before.
//!
//! A line for each version, oldest first: a JSON list of the version's number, when it was saved
//! (microseconds since 1970), by what kind of author and by whom, how long its document was, and how
//! to get the document before: by a merge patch, or as a whole where a patch would be longer or
//! cannot say it. The first version of a state has nothing before it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use documents::{Json, merge_patch};
use ids::AuthorId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::history::Version;
use crate::save::Save;
use crate::version::Tag;

/// The journal of a document. Cloning copies no text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Journal {
    text: Arc<str>,
    versions: usize,
}

/// A version, and how to get the document of the one before.
pub(crate) struct Entry {
    pub(crate) version: Version,
    back: Back,
}

enum Back {
    Patch(String),
    Whole(String),
    Nothing,
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
    /// A journal as it was kept.
    pub(crate) fn of(text: &str) -> Self {
        Self { versions: text.lines().count(), text: text.into() }
    }

    /// The journal as it is kept.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// How many versions it has.
    pub(crate) fn versions(&self) -> usize {
        self.versions
    }

    /// Notes a version, whose document came in place of `before`.
    pub(crate) fn note(&mut self, save: &Save, tag: Tag, document: &Json, before: Option<&Json>) {
        let mut text = String::with_capacity(self.text.len() + 256);
        text.push_str(&self.text);
        write_line(&mut text, save, tag, document.text(), before.map(Json::text));
        *self = Self { text: text.into(), versions: self.versions + 1 };
    }

    /// The versions, newest first.
    ///
    /// # Errors
    /// When a line is none of ours.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, serde_json::Error> {
        self.text.lines().rev().map(Entry::parse).collect()
    }
}

fn write_line(text: &mut String, save: &Save, tag: Tag, document: &str, before: Option<&str>) {
    use std::fmt::Write;
    let at = save.at.timestamp_micros();
    let role = if save.author.is_visitor() { 'v' } else { 'c' };
    let (id, bytes, number) = (save.author.id(), document.len(), tag.version);
    let patch = before.and_then(|before| {
        merge_patch::diff(document, before).filter(|patch| patch.len() < before.len())
    });
    let (patch, whole) = match (patch, before) {
        (Some(patch), _) => (patch, "null"),
        (None, Some(before)) => ("null".to_owned(), before),
        (None, None) => ("null".to_owned(), "null"),
    };
    // Writing into a `String` cannot fail.
    let _ = writeln!(text, r#"[{number},{at},"{role}","{id}",{bytes},{patch},{whole}]"#);
}

impl Entry {
    fn parse(line: &str) -> Result<Self, serde_json::Error> {
        let Line(number, at, role, author_id, bytes, patch, whole) = serde_json::from_str(line)?;
        let back = match (patch, whole) {
            (Some(patch), _) => Back::Patch(patch.get().to_owned()),
            (None, Some(whole)) => Back::Whole(whole.get().to_owned()),
            (None, None) => Back::Nothing,
        };
        let saved_at: DateTime<Utc> = DateTime::from_timestamp_micros(at).unwrap_or_default();
        let version = Version { number, saved_at, author_id, by_visitor: role == 'v', bytes };
        Ok(Self { version, back })
    }

    /// The document before this version, whose own document is `document`.
    ///
    /// # Errors
    /// When the journal holds what is no document.
    pub(crate) fn before(&self, document: &Json) -> Result<Option<Json>, serde_json::Error> {
        match &self.back {
            Back::Patch(patch) => {
                Json::from_stored(&merge_patch::apply(document.text(), patch)).map(Some)
            }
            Back::Whole(whole) => Json::from_stored(whole).map(Some),
            Back::Nothing => Ok(None),
        }
    }
}
