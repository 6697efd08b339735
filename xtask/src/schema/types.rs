//! The types of columns: in Diesel, in PostgreSQL and in SQLite.

use std::ptr;

/// A type of the schema, and the names of the types in which the two databases store it.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: &'static str,
    pub(super) home: Home,
    postgres: &'static str,
    sqlite: &'static str,
}

/// The module that declares a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// `diesel::sql_types`
    Diesel,
    /// `crate::sql_types`
    Ours,
}

/// A type that a migration needs for the first time is added here.
const TYPES: [Type; 10] = [
    Type { name: "Guid", home: Home::Ours, postgres: "uuid", sqlite: "BLOB" },
    Type {
        name: "Moment",
        home: Home::Ours,
        postgres: "timestamp with time zone",
        sqlite: "INTEGER",
    },
    Type { name: "Doc", home: Home::Ours, postgres: "jsonb", sqlite: "TEXT" },
    Type { name: "Binary", home: Home::Diesel, postgres: "bytea", sqlite: "BLOB" },
    Type { name: "Bool", home: Home::Diesel, postgres: "boolean", sqlite: "INTEGER" },
    Type { name: "SmallInt", home: Home::Diesel, postgres: "smallint", sqlite: "INTEGER" },
    Type { name: "Integer", home: Home::Diesel, postgres: "integer", sqlite: "INTEGER" },
    Type { name: "BigInt", home: Home::Diesel, postgres: "bigint", sqlite: "INTEGER" },
    Type { name: "Double", home: Home::Diesel, postgres: "double precision", sqlite: "REAL" },
    Type { name: "Text", home: Home::Diesel, postgres: "text", sqlite: "TEXT" },
];

impl Type {
    pub(super) fn stored_as_in_postgres(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|it| it.postgres == name)
    }

    /// The `hint`, if SQLite stores it so, or else the first type that it does.
    pub(super) fn stored_as_in_sqlite(
        name: &str,
        hint: Option<&'static Self>,
    ) -> Option<&'static Self> {
        let fits = hint.filter(|it| it.sqlite == name);
        fits.or_else(|| TYPES.iter().find(|it| it.sqlite == name))
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other) || self.name == other.name
    }
}

impl Eq for Type {}
