//! Bounds and retention of rooms and visitors.

use crate::keys::Keys;

/// Bounds and retention of rooms and visitors.
#[derive(Clone, Debug)]
pub struct Rooms {
    /// Rooms that one account has at most, closed ones included, 1 to 1,000,000.
    pub per_account: i64,
    /// Visitors that one room has at most, those who left included, 1 to 1,000,000.
    pub visitors_per_room: i64,
    /// How long a closed or expired room is kept in which nothing happens, in days, 0 to 3,650; 0 keeps it
    /// for good.
    pub ended_days: i64,
    /// How long a visitor is kept after it was last seen, in days, 1 to 3,650.
    pub visitor_days: i64,
}

impl Rooms {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        Self {
            per_account: keys.number("rooms.per_account", 1..=1_000_000),
            visitors_per_room: keys.number("rooms.visitors_per_room", 1..=1_000_000),
            ended_days: keys.number("rooms.ended_days", 0..=3_650),
            visitor_days: keys.number("rooms.visitor_days", 1..=3_650),
        }
    }
}
