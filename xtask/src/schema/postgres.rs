//! The catalog of PostgreSQL.

use anyhow::Result;
use settings::DatabaseUrl;
use tokio_postgres::{NoTls, Row};

use super::catalog::{CatalogColumn, CatalogTable};

/// The columns of every table but Diesel's, in their order.
const COLUMNS: &str = "
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND c.relname NOT LIKE '\\_\\_diesel\\_%' AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname COLLATE \"C\", a.attnum";

/// The columns of every primary key, in the key's order.
const KEYS: &str = "
    SELECT c.relname, a.attname
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = part.number
    WHERE k.contype = 'p' AND c.relnamespace = 'public'::regnamespace
    ORDER BY c.relname, part.place";

/// The foreign keys of one column.
const PARENTS: &str = "
    SELECT c.relname, parent.relname, a.attname
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_class parent ON parent.oid = k.confrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND cardinality(k.conkey) = 1
        AND c.relnamespace = 'public'::regnamespace
    ORDER BY c.relname, parent.relname COLLATE \"C\", a.attname COLLATE \"C\"";

/// The tables of the database at `url`, in the order of their names.
pub(crate) async fn catalog(url: &DatabaseUrl) -> Result<Vec<CatalogTable>> {
    let (client, connection) = tokio_postgres::connect(&url.expose(), NoTls).await?;
    tokio::spawn(connection);
    let mut tables = Vec::new();
    for row in client.query(COLUMNS, &[]).await? {
        column(&mut tables, &row);
    }
    for row in client.query(KEYS, &[]).await? {
        if let Some(table) = named(&mut tables, row.get(0)) {
            table.primary_key.push(row.get(1));
        }
    }
    for row in client.query(PARENTS, &[]).await? {
        if let Some(table) = named(&mut tables, row.get(0)) {
            table.parents.push((row.get(1), row.get(2)));
        }
    }
    Ok(tables)
}

/// Adds a column to the table that came last, or to a new one.
fn column(tables: &mut Vec<CatalogTable>, row: &Row) {
    let table: String = row.get(0);
    if tables.last().is_none_or(|last| last.name != table) {
        tables.push(CatalogTable { name: table, ..CatalogTable::default() });
    }
    if let Some(table) = tables.last_mut() {
        table.columns.push(CatalogColumn {
            name: row.get(1),
            stored_as: row.get(2),
            nullable: row.get(3),
        });
    }
}

fn named<'a>(tables: &'a mut [CatalogTable], name: &str) -> Option<&'a mut CatalogTable> {
    tables.iter_mut().find(|table| table.name == name)
}
