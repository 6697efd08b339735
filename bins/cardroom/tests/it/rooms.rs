//! Rooms, from opening to restoring.

mod change;
mod close;
mod find;
pub(crate) mod list;
mod open;
mod quota;
mod statistics;
mod together;
mod valid;

/// An id that no row has.
const UNKNOWN_ID: &str = "00000000-0000-4000-8000-000000000000";

/// The path of a room, or of another text in place of its id.
fn path_of(id: &str) -> String {
    format!("/api/rooms/{id}")
}
