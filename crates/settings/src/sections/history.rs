//! History of gameplay states.

use crate::keys::Keys;

/// History of gameplay states.
#[derive(Clone, Debug)]
pub struct History {
    /// Versions after which the whole document is kept again, 1 to 1,000.
    pub segment: usize,
    /// Versions of a state that are kept, and up to a segment more, 0 to 1,000,000; 0 keeps none but
    /// the current one.
    pub versions: i64,
    /// How long a segment of versions is kept, in days, 1 to 3,650.
    pub days: i64,
}

impl History {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        Self {
            segment: keys.number("history.segment", 1..=1_000),
            versions: keys.number("history.versions", 0..=1_000_000),
            days: keys.number("history.days", 1..=3_650),
        }
    }
}
