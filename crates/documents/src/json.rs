//! A JSON document that both databases can store.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::bounds::{Bounds, Refusal};
use crate::canonical::{canonical, compact};

/// A JSON document in [`canonical`] form, kept as text. Cloning shares the text.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "diesel",
    derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow),
    diesel(sql_type = crate::sql::Doc)
)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// Accepts a document from a client, given as valid JSON.
    ///
    /// # Errors
    /// When it exceeds `bounds`, or holds a value that one of the databases could not store.
    pub fn accept(document: &str, bounds: Bounds) -> Result<Self, Refusal> {
        canonical(document, bounds).map(|it| Self(it.into()))
    }

    /// Reads a document in canonical form, except for white space between its tokens: `jsonb` adds some.
    ///
    /// # Errors
    /// When the text is not JSON.
    pub fn from_stored(text: &str) -> Result<Self, serde_json::Error> {
        Self::from_canonical(compact(text))
    }

    /// Reads a document in canonical form.
    ///
    /// # Errors
    /// When the text is not JSON.
    pub fn from_canonical(text: String) -> Result<Self, serde_json::Error> {
        Ok(Self(RawValue::from_string(text)?.into()))
    }

    /// A document in canonical form that was stored as a part of another one.
    pub fn from_raw(document: Box<RawValue>) -> Self {
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
