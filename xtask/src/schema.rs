//! The Diesel schema, read from the catalog of a migrated database.

mod catalog;
pub(crate) mod postgres;
mod render;
pub(crate) mod sqlite;
mod types;

use anyhow::{Context as _, Result};
use catalog::CatalogColumn;
pub(crate) use catalog::CatalogTable;
use types::Type;

/// All tables, in the order of their names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Schema {
    tables: Vec<Table>,
}

#[derive(Debug, PartialEq, Eq)]
struct Table {
    name: String,
    columns: Vec<Column>,
    primary_key: Vec<String>,
    /// The other tables that this one refers to, each by one column.
    parents: Vec<(String, String)>,
}

#[derive(Debug, PartialEq, Eq)]
struct Column {
    name: String,
    kind: &'static Type,
    nullable: bool,
}

impl Schema {
    /// The schema as PostgreSQL has it.
    pub(crate) fn of_postgres(tables: Vec<CatalogTable>) -> Result<Self> {
        Self::of(tables, |_, column| Type::stored_as_in_postgres(&column.stored_as))
    }

    /// The schema as SQLite has it. SQLite has five types: where several Diesel types share one, it
    /// is the one that `pattern` has in this place.
    pub(crate) fn of_sqlite(tables: Vec<CatalogTable>, pattern: &Self) -> Result<Self> {
        Self::of(tables, |table, column| {
            let hint = pattern.column(table, &column.name).map(|it| it.kind);
            Type::stored_as_in_sqlite(&column.stored_as, hint)
        })
    }

    fn of(
        tables: Vec<CatalogTable>,
        kind: impl Fn(&str, &CatalogColumn) -> Option<&'static Type>,
    ) -> Result<Self> {
        let tables = tables.into_iter().map(|table| Table::of(table, &kind));
        Ok(Self { tables: tables.collect::<Result<_>>()? })
    }

    fn column(&self, table: &str, column: &str) -> Option<&Column> {
        let table = self.tables.iter().find(|it| it.name == table)?;
        table.columns.iter().find(|it| it.name == column)
    }
}

impl Table {
    fn of(
        table: CatalogTable,
        kind: impl Fn(&str, &CatalogColumn) -> Option<&'static Type>,
    ) -> Result<Self> {
        let columns = table.columns.into_iter().map(|column| {
            let kind = kind(&table.name, &column).with_context(|| {
                let CatalogColumn { name, stored_as, .. } = &column;
                format!("{}.{name} is {stored_as}, which schema/types.rs does not know", table.name)
            })?;
            Ok(Column { name: column.name, kind, nullable: column.nullable })
        });
        Ok(Self {
            columns: columns.collect::<Result<_>>()?,
            name: table.name,
            primary_key: table.primary_key,
            parents: table.parents,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns as `name stored_as`, with a question mark where they may be null.
    fn table(name: &str, columns: &[&str], parents: &[(&str, &str)]) -> CatalogTable {
        let columns = columns.iter().map(|column| {
            let (name, stored_as) = column.split_once(' ').unwrap();
            let nullable = stored_as.ends_with('?');
            let stored_as = stored_as.trim_end_matches('?').to_owned();
            CatalogColumn { name: name.to_owned(), stored_as, nullable }
        });
        let owned = |(parent, column): &(&str, &str)| ((*parent).to_owned(), (*column).to_owned());
        CatalogTable {
            name: name.to_owned(),
            columns: columns.collect(),
            primary_key: vec!["id".to_owned()],
            parents: parents.iter().map(owned).collect(),
        }
    }

    fn in_postgres() -> Schema {
        let rooms = ["id uuid", "notes jsonb?", "opened_at timestamp with time zone"];
        let visits = ["id uuid", "room_id uuid", "from_id uuid?", "to_id uuid?"];
        let parents = [("rooms", "room_id"), ("visits", "from_id"), ("visits", "to_id")];
        let tables = vec![table("rooms", &rooms, &[]), table("visits", &visits, &parents)];
        Schema::of_postgres(tables).unwrap()
    }

    #[test]
    fn a_schema_reads_as_diesel_writes_it() {
        let text = in_postgres().to_string();

        let (_, tables) = text.split_once("the tables\")]\n").unwrap();
        assert_eq!(
            tables,
            "
diesel::table! {
    use diesel::sql_types::Nullable;
    use crate::sql_types::{Doc, Guid, Moment};

    rooms (id) {
        id -> Guid,
        notes -> Nullable<Doc>,
        opened_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::Nullable;
    use crate::sql_types::Guid;

    visits (id) {
        id -> Guid,
        room_id -> Guid,
        from_id -> Nullable<Guid>,
        to_id -> Nullable<Guid>,
    }
}

diesel::joinable!(visits -> rooms (room_id));

diesel::allow_tables_to_appear_in_same_query!(
    rooms,
    visits,
);
"
        );
    }

    #[test]
    fn a_type_of_sqlite_is_what_postgresql_has_there_if_it_can_be() {
        let schema = |columns: &[&str]| {
            Schema::of_sqlite(vec![table("rooms", columns, &[])], &in_postgres()).unwrap()
        };
        let kinds = |schema: Schema| -> Vec<_> {
            schema.tables[0].columns.iter().map(|column| column.kind.name).collect()
        };

        let same = schema(&["id BLOB", "notes TEXT?", "opened_at INTEGER"]);
        let other = schema(&["id TEXT", "notes BLOB?", "opened_at REAL"]);

        assert_eq!(kinds(same), ["Guid", "Doc", "Moment"]);
        assert_eq!(kinds(other), ["Doc", "Guid", "Double"]);
    }

    #[test]
    fn an_unknown_type_is_named() {
        let error = Schema::of_postgres(vec![table("rooms", &["id money"], &[])]).unwrap_err();

        assert_eq!(error.to_string(), "rooms.id is money, which schema/types.rs does not know");
    }
}
