//! Earlier texts of the notes of rooms.

use crate::keys::Keys;

/// Earlier texts of the notes of rooms.
#[derive(Clone, Debug)]
pub struct Notes {
    /// Earlier texts of one note that are kept, 1 to 1,000.
    pub versions: usize,
    /// Bytes of all of them, but for the latest, which is kept however long it is, 1,024 to 16,777,216.
    pub history_bytes: i64,
    /// How long an earlier text is kept after it was replaced, in days, 1 to 3,650.
    pub history_days: i64,
}

impl Notes {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        Self {
            versions: keys.number("notes.versions", 1..=1_000),
            history_bytes: keys.number("notes.history_bytes", 1_024..=16_777_216),
            history_days: keys.number("notes.history_days", 1..=3_650),
        }
    }
}
