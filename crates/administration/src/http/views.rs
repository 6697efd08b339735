//! The bodies of answers.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::tables::Row;

/// The database, or that it does not answer.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum DatabaseStatusView {
    Connected {
        #[schema(example = "connected")]
        status: &'static str,
        /// The name of the database; `SQLite` where it is a file.
        database: String,
        #[schema(example = "7617 kB")]
        size: String,
    },
    Failed {
        #[schema(example = "error")]
        status: &'static str,
        error: &'static str,
    },
}

impl DatabaseStatusView {
    pub(super) const NO_ANSWER: Self =
        Self::Failed { status: "error", error: "The database does not answer" };
}

/// A table.
#[derive(Serialize, ToSchema)]
pub(super) struct TableView {
    #[schema(example = "rooms")]
    pub(super) name: &'static str,
    pub(super) row_count: i64,
    /// The columns that are shown.
    pub(super) column_count: usize,
    /// Whether `row_count` is an estimate.
    pub(super) is_estimate: bool,
}

/// A page of a table.
#[derive(Serialize, ToSchema)]
pub(super) struct TablePage {
    #[schema(example = "rooms")]
    pub(super) table: &'static str,
    /// The columns that are shown.
    pub(super) columns: &'static [&'static str],
    /// The rows, by column. Texts are cut after 1000 characters.
    #[schema(value_type = Vec<Object>)]
    pub(super) data: Vec<Row>,
    /// The number of rows of the table.
    pub(super) total: i64,
    /// Whether `total` is an estimate.
    pub(super) is_estimate: bool,
    pub(super) limit: i64,
    pub(super) offset: i64,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<Value>,
}

/// That a table was cleared.
#[derive(Serialize, ToSchema)]
pub(super) struct ClearedView {
    #[schema(example = "success")]
    pub(super) status: &'static str,
    #[schema(example = "Table 'rooms' cleared successfully")]
    pub(super) message: String,
    /// Rows of the table that were deleted.
    pub(super) deleted: usize,
    /// The tables whose rows went with them.
    pub(super) also_cleared: &'static [&'static str],
}

/// That accounts were created.
#[derive(Serialize, ToSchema)]
pub(super) struct SeededView {
    #[schema(example = "success")]
    pub(super) status: &'static str,
    #[schema(example = "Database seeded with production data")]
    pub(super) message: &'static str,
}
