//! What requests for tables say.

use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;
use values::{Field, Fields, FromFields, Integer, Location, PathParam, read_uuid};

/// Rows on a page by default, as in the earlier backend.
const PAGE: i64 = 100;

/// Rows on a page, at most.
const PAGE_MAX: i64 = 500;

/// Rows that a page may leave out: the database reads them all the same.
const OFFSET_MAX: i64 = 100_000;

/// The name of a table in a path; any text is accepted.
pub(super) struct TableName(pub(super) String);

impl Field for TableName {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        String::read(value, location).map(Self)
    }
}

impl PathParam for TableName {
    const NAME: &'static str = "table_name";
    const DESCRIPTION: &'static str = "The name of the table";
}

/// The primary key of a row.
pub(super) struct Key(pub(super) Uuid);

impl Field for Key {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        read_uuid(value, location).map(Self)
    }
}

/// The rows to read.
pub(super) struct PageRequest {
    pub(super) limit: i64,
    pub(super) offset: i64,
    pub(super) after: Option<Key>,
}

impl FromFields for PageRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.field_or("limit", Integer::<1, PAGE_MAX>(PAGE));
        let offset = fields.field_or("offset", Integer::<0, OFFSET_MAX>(0));
        let after = fields.field("after");
        Some(Self { limit: limit?.0, offset: offset?.0, after: after? })
    }
}

/// What to create.
#[derive(ToSchema)]
pub(super) struct SeedRequest {
    /// Whether the test accounts are created too.
    #[schema(required = false)]
    pub(super) include_test: bool,
}

impl FromFields for SeedRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { include_test: fields.field_or("include_test", false)? })
    }
}
