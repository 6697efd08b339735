//! The SQL type of documents.

use diesel::query_builder::QueryId;
use diesel::sql_types::SqlType;

/// A document: `jsonb` in PostgreSQL, canonical text in SQLite.
#[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
pub struct Doc;
