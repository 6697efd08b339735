//! The SQL types that the two databases store differently and Rust reads alike.

use diesel::query_builder::QueryId;
use diesel::sql_types::SqlType;

pub use documents::sql::Doc;
pub use ids::sql::Guid;

/// A timestamp: `timestamptz` in PostgreSQL, microseconds since 1970 in an SQLite `INTEGER`.
#[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
pub struct Moment;

diesel::define_sql_function! {
    /// The latest of the timestamps, if there are any.
    #[aggregate]
    #[sql_name = "max"]
    fn latest(moment: Moment) -> diesel::sql_types::Nullable<Moment>;
}
