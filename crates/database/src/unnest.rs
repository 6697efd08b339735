//! Statements for any number of rows, on PostgreSQL: one array for each column.

use std::marker::PhantomData;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, HasSqlType, SqlType};

/// The table `unnest($1, $2, …)` of a raw statement, built from rows in memory.
///
/// Each column is named once, and its values are checked against the column's SQL type. The text of the
/// statement does not depend on the number of rows, so it is prepared once:
///
/// ```ignore
/// let new = Unnest::of(rows.iter())
///     .column(visitors::id, |row| row.id)
///     .column(visitors::name, |row| row.name.as_str());
/// // INSERT INTO "visitors" ("id", "name") SELECT "id", "name" FROM unnest($1, $2) AS new ("id", "name")
/// new.push_insert(&visitors::table, &mut out)?;
/// out.push_sql(" ON CONFLICT DO NOTHING");
/// ```
pub struct Unnest<'a, R> {
    rows: Vec<R>,
    columns: Vec<Column<'a>>,
}

struct Column<'a> {
    name: &'static str,
    values: Box<dyn QueryFragment<Pg> + Send + Sync + 'a>,
}

impl<'a, R: Copy> Unnest<'a, R> {
    /// A table of these rows, without columns yet.
    pub fn of(rows: impl IntoIterator<Item = R>) -> Self {
        Self { rows: rows.into_iter().collect(), columns: Vec::new() }
    }

    /// Adds a column that has the name and the SQL type of a column of the schema.
    #[must_use]
    pub fn column<C, T>(self, _: C, value: impl Fn(R) -> T) -> Self
    where
        C: diesel::Column,
        Values<C::SqlType, T>: QueryFragment<Pg> + Send + Sync + 'a,
    {
        self.named::<C::SqlType, T>(C::NAME, value)
    }

    /// Adds a column of another name, such as the value that a condition compares with.
    #[must_use]
    pub fn named<ST, T>(mut self, name: &'static str, value: impl Fn(R) -> T) -> Self
    where
        Values<ST, T>: QueryFragment<Pg> + Send + Sync + 'a,
    {
        let values = Values::<ST, T>(self.rows.iter().copied().map(value).collect(), PhantomData);
        self.columns.push(Column { name, values: Box::new(values) });
        self
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Pushes `INSERT INTO table (columns) SELECT columns FROM unnest(…) AS new (columns)`.
    ///
    /// # Errors
    /// None of its own.
    pub fn push_insert<'b, T: QueryFragment<Pg>>(
        &'b self,
        table: &'b T,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        out.push_sql("INSERT INTO ");
        table.walk_ast(out.reborrow())?;
        out.push_sql(" (");
        self.push_names(out)?;
        out.push_sql(") SELECT ");
        self.push_names(out)?;
        out.push_sql(" FROM ");
        self.push_as("new", out)
    }

    /// Pushes `unnest(…) AS alias (columns)`.
    ///
    /// # Errors
    /// None of its own.
    pub fn push_as<'b>(
        &'b self,
        alias: &'static str,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        out.push_sql("unnest(");
        for (index, column) in self.columns.iter().enumerate() {
            separate(index, out);
            column.values.walk_ast(out.reborrow())?;
        }
        out.push_sql(") AS ");
        out.push_sql(alias);
        out.push_sql(" (");
        self.push_names(out)?;
        out.push_sql(")");
        Ok(())
    }

    fn push_names<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (index, column) in self.columns.iter().enumerate() {
            separate(index, out);
            out.push_identifier(column.name)?;
        }
        Ok(())
    }
}

fn separate(index: usize, out: &mut AstPass<'_, '_, Pg>) {
    if index > 0 {
        out.push_sql(", ");
    }
}

/// The values of one column, one for each row; see [`Unnest::column`].
pub struct Values<ST, T>(Vec<T>, PhantomData<fn() -> ST>);

impl<ST, T> QueryFragment<Pg> for Values<ST, T>
where
    ST: SqlType,
    Vec<T>: ToSql<Array<ST>, Pg>,
    Pg: HasSqlType<Array<ST>>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<Array<ST>, _>(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use diesel::query_builder::QueryId;
    use diesel::sql_types::BigInt;

    use super::*;

    diesel::table! {
        visitors {
            id -> BigInt,
            name -> Nullable<Text>,
        }
    }

    struct Insert<'a>(Unnest<'a, &'a (i64, Option<String>)>);

    impl QueryId for Insert<'_> {
        type QueryId = ();

        const HAS_STATIC_QUERY_ID: bool = false;
    }

    impl QueryFragment<Pg> for Insert<'_> {
        fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
            self.0.push_insert(&visitors::table, &mut out)
        }
    }

    #[test]
    fn a_column_is_named_once_and_inserted_under_its_name() {
        let rows = [(1, Some("Mei".to_owned())), (2, None)];
        let insert = Insert(
            Unnest::of(rows.iter())
                .column(visitors::id, |row| row.0)
                .column(visitors::name, |row| row.1.as_deref())
                .named::<BigInt, _>("before", |row| row.0 - 1),
        );
        assert_eq!(
            diesel::debug_query::<Pg, _>(&insert).to_string(),
            "INSERT INTO \"visitors\" (\"id\", \"name\", \"before\") \
             SELECT \"id\", \"name\", \"before\" \
             FROM unnest($1, $2, $3) AS new (\"id\", \"name\", \"before\") \
             -- binds: [[1, 2], [Some(\"Mei\"), None], [0, 1]]"
        );
    }
}
