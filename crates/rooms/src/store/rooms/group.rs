//! Statements for a whole group, on PostgreSQL. Each is prepared once, for any number of rows.

use database::schema::rooms;
use database::{Unnest, columns, prepared_once};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AsQuery, AstPass, QueryFragment};
use diesel::sql_types::{Array, Text};

use super::row::{RoomRow, values};

type Columns = <RoomRow as Selectable<Pg>>::SelectExpression;
type ColumnTypes = <rooms::table as AsQuery>::SqlType;

/// Inserts rooms, each unless its share code is taken.
pub(crate) fn insert_rooms(rooms: &[RoomRow]) -> InsertRooms<'_> {
    InsertRooms { values: values(rooms), returning: columns::<RoomRow>() }
}

/// See [`insert_rooms`].
pub(crate) struct InsertRooms<'a> {
    values: Unnest<'a, &'a RoomRow>,
    returning: Columns,
}

prepared_once!(InsertRooms<'_>, ColumnTypes);

impl QueryFragment<Pg> for InsertRooms<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.values.push_insert(&rooms::table, &mut out)?;
        out.push_sql(" ON CONFLICT (share_code) DO NOTHING RETURNING ");
        self.returning.walk_ast(out)
    }
}

/// Reads the rooms with these share codes and locks their rows against changes until the transaction
/// ends.
pub(crate) fn lock_rooms<'a>(codes: &'a [&'a str]) -> LockRooms<'a> {
    LockRooms { codes, columns: columns::<RoomRow>() }
}

/// See [`lock_rooms`].
pub(crate) struct LockRooms<'a> {
    codes: &'a [&'a str],
    columns: Columns,
}

prepared_once!(LockRooms<'_>, ColumnTypes);

impl QueryFragment<Pg> for LockRooms<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        self.columns.walk_ast(out.reborrow())?;
        out.push_sql(" FROM rooms WHERE share_code = ANY(");
        out.push_bind_param::<Array<Text>, _>(self.codes)?;
        out.push_sql(") ORDER BY id FOR SHARE");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_inserted() {
        let insert = diesel::debug_query::<Pg, _>(&insert_rooms(&[])).to_string();
        let (inserted, rest) = insert.split_once(") SELECT ").unwrap();
        let (_, returned) = rest.split_once(" RETURNING ").unwrap();
        let (returned, _) = returned.split_once(" -- ").unwrap();
        for column in returned.split(", ").map(|it| it.trim_start_matches("\"rooms\".")) {
            assert!(inserted.contains(column), "{column} is missing in `values`");
        }
    }
}
