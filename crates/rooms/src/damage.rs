//! Rows that cannot be read. One of them must not take the others away.

use std::fmt::Display;

use database::DatabaseError;
use diesel::result::Error as DieselError;
use tracing::error;

/// Whether a row was read whose columns hold no values of their types.
pub(crate) fn is_damage(error: &DatabaseError) -> bool {
    matches!(error, DatabaseError::Refused(error)
        if matches!(**error, DieselError::DeserializationError(_)))
}

/// The row, unless it is damaged, which is logged.
///
/// # Errors
/// When the database fails.
pub(crate) fn readable<T>(
    table: &'static str,
    id: impl Display,
    row: Result<Option<T>, DatabaseError>,
) -> Result<Option<T>, DatabaseError> {
    match row {
        Err(damage) if is_damage(&damage) => {
            error!(%id, error = %damage, "row {id} of {table} is damaged and left out of a list");
            Ok(None)
        }
        row => row,
    }
}
