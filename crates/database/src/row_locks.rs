//! Row locks in queries that run on both databases.
//!
//! PostgreSQL locks the rows of the query until the transaction ends. SQLite locks none: it has one writer.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;

macro_rules! row_lock {
    ($(#[$doc:meta])* $name:ident, $clause:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, QueryId)]
        pub struct $name<Q>(pub Q);

        impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for $name<Q> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                self.0.walk_ast(out.reborrow())?;
                out.push_sql($clause);
                Ok(())
            }
        }

        impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for $name<Q> {
            fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                self.0.walk_ast(out)
            }
        }

        impl<Q: Query> Query for $name<Q> {
            type SqlType = Q::SqlType;
        }

        impl<Q, C> diesel::RunQueryDsl<C> for $name<Q> {}
    };
}

row_lock! {
    /// A query of one table whose rows are to be deleted: rows that refer to them cannot be inserted either.
    ForUpdate, " FOR UPDATE"
}

row_lock! {
    /// A query of one table whose rows are to be changed: rows that refer to them can be inserted meanwhile.
    ForNoKeyUpdate, " FOR NO KEY UPDATE"
}
