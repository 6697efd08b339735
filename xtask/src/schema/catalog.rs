//! Tables as their database describes them.

/// A table as its database describes it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CatalogTable {
    pub(crate) name: String,
    pub(super) columns: Vec<CatalogColumn>,
    pub(super) primary_key: Vec<String>,
    /// The other tables that this one refers to, each by one column, in order of name.
    pub(super) parents: Vec<(String, String)>,
}

/// A column as its database describes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CatalogColumn {
    pub(super) name: String,
    pub(super) stored_as: String,
    pub(super) nullable: bool,
}
