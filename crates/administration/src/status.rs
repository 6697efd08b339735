//! Name and size of the database.

use database::{DatabaseError, Db};
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, sql_query};

/// Name and size of the database.
#[derive(QueryableByName)]
pub(crate) struct Status {
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    /// In bytes.
    #[diesel(sql_type = BigInt)]
    pub(crate) bytes: i64,
}

/// Asks the database.
///
/// # Errors
/// When the database fails.
pub(crate) async fn status(db: &Db) -> Result<Option<Status>, DatabaseError> {
    let statement = match db {
        Db::Postgres { .. } => {
            "SELECT current_database()::text AS name, pg_database_size(current_database()) AS bytes"
        }
        Db::Sqlite { .. } => {
            "SELECT 'SQLite' AS name, page_count * page_size AS bytes \
             FROM pragma_page_count(), pragma_page_size()"
        }
    };
    db.read_one(sql_query(statement)).await
}

/// A size for people, in units of 1024 as PostgreSQL's `pg_size_pretty` writes it.
pub(crate) fn pretty(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let (mut size, mut unit) = (bytes, 0);
    while size >= 10 * 1024 && unit + 1 < UNITS.len() {
        size = (size + 512) / 1024;
        unit += 1;
    }
    format!("{size} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_written_in_the_unit_that_people_read() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 kB"),
            (7_800_000, "7617 kB"),
            (20_000_000, "19 MB"),
            (i64::MAX / 2, "4194304 TB"),
        ] {
            assert_eq!(pretty(bytes), text);
        }
    }
}
