//! How an id lies in the databases: `uuid` in PostgreSQL, a 16-byte `BLOB` in SQLite.

use diesel::deserialize::{self, FromSql};
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Binary, SqlType, Uuid as PgUuid};
use diesel::sqlite::Sqlite;
use uuid::Uuid;

/// The SQL type of every id. Its fixed PostgreSQL oids spare a look-up at connect time.
#[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
pub struct Guid;

/// How one database hands out a UUID.
pub trait GuidFrom<DB: diesel::backend::Backend>: Sized {
    /// Reads the UUID from a column's bytes.
    ///
    /// # Errors
    /// When the bytes are not 16.
    fn read(bytes: DB::RawValue<'_>) -> deserialize::Result<Self>;
}

/// How one database takes a UUID.
pub trait GuidTo<DB: diesel::backend::Backend> {
    /// Writes the UUID as a bind.
    ///
    /// # Errors
    /// When the output refuses the bytes.
    fn write<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result;
}

impl GuidFrom<Pg> for Uuid {
    fn read(bytes: <Pg as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        FromSql::<PgUuid, Pg>::from_sql(bytes)
    }
}

impl GuidTo<Pg> for Uuid {
    fn write<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<PgUuid, Pg>::to_sql(self, out)
    }
}

impl GuidFrom<Sqlite> for Uuid {
    fn read(
        bytes: <Sqlite as diesel::backend::Backend>::RawValue<'_>,
    ) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(bytes)?;
        Ok(Uuid::from_slice(&bytes)?)
    }
}

impl GuidTo<Sqlite> for Uuid {
    fn write<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}
