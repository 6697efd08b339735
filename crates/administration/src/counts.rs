//! Numbers of rows. A count of millions of rows would keep other statements waiting, so only the first rows are
//! counted; beyond them the database's own estimate is taken.

use database::{DatabaseError, Db};
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, sql_query};

/// Rows that are counted at most.
const COUNTED_MAX: i64 = 10_000;

/// The number of rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowCount {
    pub(crate) rows: i64,
    /// Whether it is an estimate: the planner's on PostgreSQL, the highest row number on SQLite.
    pub(crate) is_estimate: bool,
}

#[derive(QueryableByName)]
struct Rows {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// The number of rows of a table of the schema.
///
/// # Errors
/// When the database fails.
pub(crate) async fn rows(db: &Db, table: &'static str) -> Result<RowCount, DatabaseError> {
    let limit = COUNTED_MAX + 1;
    let counted =
        format!("SELECT count(*) AS rows FROM (SELECT 1 FROM {table} LIMIT {limit}) AS counted");
    let counted = number(db, counted).await?;
    if counted <= COUNTED_MAX {
        return Ok(RowCount { rows: counted, is_estimate: false });
    }
    let estimate = match db {
        Db::Postgres { .. } => format!(
            "SELECT reltuples::bigint AS rows FROM pg_class WHERE oid = '{table}'::regclass"
        ),
        Db::Sqlite { .. } => format!("SELECT max(rowid) AS rows FROM {table}"),
    };
    let rows = number(db, estimate).await?.max(counted);
    Ok(RowCount { rows, is_estimate: true })
}

async fn number(db: &Db, statement: String) -> Result<i64, DatabaseError> {
    let row: Option<Rows> = db.read_one(sql_query(statement)).await?;
    Ok(row.map_or(0, |it| it.rows))
}
