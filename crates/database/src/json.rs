//! A JSON document as both databases give it back.

use std::sync::Arc;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::canonical::{Bounds, Refusal, canonical, compact};
use crate::sql_types::Doc;

/// The byte that opens a `jsonb` value on the wire: its format's version.
const JSONB_VERSION: u8 = 1;

/// A JSON document in [`canonical`] form, kept as text and never built as a tree. Cloning shares it.
#[derive(AsExpression, FromSqlRow, Clone, Debug)]
#[diesel(sql_type = Doc)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// Takes a document that a client sent, given as valid JSON.
    ///
    /// # Errors
    /// When it is larger or deeper than `bounds`, or when one of the databases could not keep it.
    pub fn accept(document: &str, bounds: Bounds) -> Result<Self, Refusal> {
        canonical(document, bounds).map(|it| Self(it.into()))
    }

    /// Takes a document back that was kept as text; blanks that a database put in are removed.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn restored(text: &str) -> Result<Self, serde_json::Error> {
        Ok(Self(RawValue::from_string(compact(text))?.into()))
    }

    /// Takes a document back that was kept as a part of another one, in canonical form.
    pub fn kept(document: Box<RawValue>) -> Self {
        Self(document.into())
    }

    /// The document as a part of another one.
    pub fn to_raw(&self) -> Box<RawValue> {
        (*self.0).to_owned()
    }

    /// The document's text.
    pub fn text(&self) -> &str {
        self.0.get()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::serialize(&self.0, serializer)
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

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
        Ok(Self::restored(std::str::from_utf8(text)?)?)
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
        Ok(Self(RawValue::from_string(text)?.into()))
    }
}
