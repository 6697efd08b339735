//! What a counsellor notes about a room.

use std::fmt;

use chrono::{DateTime, Utc};
use ids::RoomId;
use values::Text;

/// The text of a note: at most 80,000 characters. In bytes it is bounded by the body of a request.
pub type Content = Text<0, 80_000>;

/// The note of a room. A room that has none yet has an empty one of version 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The room.
    pub room_id: RoomId,
    /// The text.
    pub content: String,
    /// The number of its changes; 0 before the first.
    pub version: i64,
    /// When it was written first and last; none before the first time.
    pub times: Option<Times>,
}

/// The times of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When it was written first.
    pub created_at: DateTime<Utc>,
    /// When it was written last.
    pub updated_at: DateTime<Utc>,
}

/// An earlier text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The version that had it.
    pub version: i64,
    /// The text.
    pub content: String,
    /// Its length in bytes.
    pub bytes: i32,
    /// When it was written.
    pub saved_at: DateTime<Utc>,
    /// When it was replaced.
    pub replaced_at: DateTime<Utc>,
}

/// Bounds of the earlier texts of one room. The latest one is kept however long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryBounds {
    /// Texts.
    pub versions: usize,
    /// Bytes of all of them.
    pub bytes: i64,
}

/// The entity tag of one version of one note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteTag {
    /// The room.
    pub room: RoomId,
    /// The version.
    pub version: i64,
}

impl Note {
    /// The note of a room that has none.
    pub(crate) fn none(room_id: RoomId) -> Self {
        Self { room_id, content: String::new(), version: 0, times: None }
    }

    /// The note after its text was replaced at `now`: the next version, or the same one when the text is the
    /// same.
    pub(crate) fn replaced(&self, content: &str, now: DateTime<Utc>) -> Self {
        if content == self.content {
            return self.clone();
        }
        let created_at = self.times.map_or(now, |times| times.created_at);
        Self {
            room_id: self.room_id,
            content: content.to_owned(),
            version: self.version + 1,
            times: Some(Times { created_at, updated_at: now }),
        }
    }

    /// The text as an earlier one, if `next` lacks a part of it.
    ///
    /// A text that only grows at one place, as it does during typing, is a part of the next one: so
    /// pages that save every few seconds do not push older texts out of the history.
    pub(crate) fn lost_to(&self, next: &Self) -> Option<Version> {
        let times = self.times?;
        if grows_into(&self.content, &next.content) {
            return None;
        }
        Some(Version {
            version: self.version,
            content: self.content.clone(),
            bytes: i32::try_from(self.content.len()).unwrap_or(i32::MAX),
            saved_at: times.updated_at,
            replaced_at: next.times.map_or(times.updated_at, |it| it.updated_at),
        })
    }

    /// The entity tag of this version.
    pub fn tag(&self) -> NoteTag {
        NoteTag { room: self.room_id, version: self.version }
    }
}

/// Whether `next` is `text` with something inserted at one place.
fn grows_into(text: &str, next: &str) -> bool {
    let length = text.chars().count();
    let same = |(one, other): &(char, char)| one == other;
    let begins = text.chars().zip(next.chars()).take_while(same).count();
    let ends = text.chars().rev().zip(next.chars().rev()).take_while(same).count();
    next.chars().count() >= length && begins + ends >= length
}

impl HistoryBounds {
    /// The newest version that is beyond the bounds, of these versions and their bytes, newest first.
    pub(crate) fn newest_beyond(self, versions: &[(i64, i32)]) -> Option<i64> {
        let mut bytes = 0;
        for (index, (version, length)) in versions.iter().enumerate() {
            bytes += i64::from(*length);
            if index > 0 && (index >= self.versions || bytes > self.bytes) {
                return Some(*version);
            }
        }
        None
    }
}

impl fmt::Display for NoteTag {
    /// The opaque tag, without the quotes of an `ETag` header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.version, self.room.as_uuid().simple())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, next: &str, is_lost: bool) {
        let now = Utc::now();
        let note = Note::none(RoomId::new()).replaced(text, now);
        let next = note.replaced(next, now);
        assert_eq!(note.lost_to(&next).map(|it| it.content).as_deref(), is_lost.then_some(text));
    }

    #[test]
    fn a_text_is_lost_when_the_next_one_lacks_a_part_of_it() {
        check("abc", "abcd", false);
        check("abc", "xabc", false);
        check("abc", "abxc", false);
        check("aa", "aaa", false);
        check("他喜歡", "他很喜歡", false);
        check("abc", "", true);
        check("abc", "ab", true);
        check("abc", "abx", true);
        check("aa", "a", true);
        check("abab", "ab", true);
        check("abc", "axbxc", true);
        // The bytes of the first are in the second, its character is not.
        check("中", "丁嚭", true);
    }

    #[test]
    fn an_equal_text_makes_no_version_and_the_note_of_no_text_is_not_lost() {
        let (room, now) = (RoomId::new(), Utc::now());
        let none = Note::none(room);
        assert_eq!(none.replaced("", now), none);
        let first = none.replaced("text", now);
        assert_eq!((first.version, none.lost_to(&first)), (1, None));
        assert_eq!(first.replaced("text", now), first);
    }

    #[test]
    fn the_history_is_bounded_in_number_and_bytes_but_for_the_latest() {
        let bounds = HistoryBounds { versions: 3, bytes: 100 };
        assert_eq!(bounds.newest_beyond(&[]), None);
        assert_eq!(bounds.newest_beyond(&[(9, 1_000)]), None);
        assert_eq!(bounds.newest_beyond(&[(9, 1_000), (8, 1)]), Some(8));
        assert_eq!(bounds.newest_beyond(&[(9, 1), (8, 1), (5, 1)]), None);
        assert_eq!(bounds.newest_beyond(&[(9, 1), (8, 1), (5, 1), (4, 1), (2, 1)]), Some(4));
        assert_eq!(bounds.newest_beyond(&[(9, 60), (8, 40), (5, 1)]), Some(5));
    }
}
