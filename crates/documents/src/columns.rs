//! Reading and writing [`Json`] as a column of either database.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::pg::Pg;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;

use crate::json::Json;
use crate::sql::Doc;

/// The first byte of a `jsonb` value in the binary protocol: the version of its format.
const JSONB_VERSION: u8 = 1;

impl ToSql<Doc, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        use std::io::Write;
        out.write_all(&[JSONB_VERSION])?;
        out.write_all(self.text().as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Doc, Pg> for Json {
    fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let Some((&JSONB_VERSION, text)) = bytes.as_bytes().split_first() else {
            return Err("a jsonb value of an unknown version".into());
        };
        Ok(Self::from_stored(std::str::from_utf8(text)?)?)
    }
}

impl ToSql<Doc, Sqlite> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.text());
        Ok(IsNull::No)
    }
}

impl FromSql<Doc, Sqlite> for Json {
    fn from_sql(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(bytes)?;
        Ok(Self::from_canonical(text)?)
    }
}
