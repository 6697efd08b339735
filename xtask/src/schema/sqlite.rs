//! The catalog of SQLite.

use anyhow::{Result, bail};
use diesel::sql_types::{Bool, Integer, Text};
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};
use settings::DatabaseUrl;

use super::catalog::{CatalogColumn, CatalogTable};

/// Every table but SQLite's own and Diesel's.
const TABLES: &str = "
    SELECT name FROM sqlite_schema
    WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
        AND name NOT LIKE '\\_\\_diesel\\_%' ESCAPE '\\'
    ORDER BY name";

/// The columns in their order. An INTEGER PRIMARY KEY is never null, though SQLite reports it as nullable.
const COLUMNS: &str = "
    SELECT name, type AS stored_as, pk AS key_place,
        NOT (\"notnull\" OR (pk = 1 AND type = 'INTEGER')) AS nullable
    FROM pragma_table_info(?) ORDER BY cid";

/// The keys of one column.
const PARENTS: &str = "
    SELECT \"table\" AS parent, min(\"from\") AS child_column
    FROM pragma_foreign_key_list(?)
    GROUP BY id HAVING count(*) = 1 ORDER BY parent, child_column";

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Info {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    stored_as: String,
    #[diesel(sql_type = Integer)]
    key_place: i32,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = Text)]
    parent: String,
    #[diesel(sql_type = Text)]
    child_column: String,
}

/// The tables of the file at `url`, in the order of their names.
pub(crate) fn catalog(url: &DatabaseUrl) -> Result<Vec<CatalogTable>> {
    let DatabaseUrl::Sqlite(path) = url else { bail!("{url} is not an SQLite file") };
    let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
    let names: Vec<Name> = sql_query(TABLES).load(&mut connection)?;
    names.into_iter().map(|it| table(&mut connection, it.name)).collect()
}

fn table(connection: &mut SqliteConnection, name: String) -> Result<CatalogTable> {
    let columns: Vec<Info> = sql_query(COLUMNS).bind::<Text, _>(&name).load(connection)?;
    let parents: Vec<Reference> = sql_query(PARENTS).bind::<Text, _>(&name).load(connection)?;
    Ok(CatalogTable {
        name,
        primary_key: primary_key(&columns),
        columns: columns.into_iter().map(column).collect(),
        parents: parents.into_iter().map(|it| (it.parent, it.child_column)).collect(),
    })
}

/// The columns of the primary key, in the key's order.
fn primary_key(columns: &[Info]) -> Vec<String> {
    let mut key: Vec<&Info> = columns.iter().filter(|it| it.key_place > 0).collect();
    key.sort_by_key(|it| it.key_place);
    key.into_iter().map(|it| it.name.clone()).collect()
}

fn column(info: Info) -> CatalogColumn {
    CatalogColumn { name: info.name, stored_as: info.stored_as, nullable: info.nullable }
}
