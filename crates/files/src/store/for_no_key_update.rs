//! Row locks that leave references alone.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;

/// A query of one table whose rows PostgreSQL locks until the transaction ends, against others that lock
/// them so and against changes, and not against rows that refer to them. SQLite locks none: it has one
/// writer.
#[derive(Clone, Copy, Debug, QueryId)]
pub(super) struct ForNoKeyUpdate<Q>(pub(super) Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for ForNoKeyUpdate<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" FOR NO KEY UPDATE");
        Ok(())
    }
}

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for ForNoKeyUpdate<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

impl<Q: Query> Query for ForNoKeyUpdate<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> diesel::RunQueryDsl<C> for ForNoKeyUpdate<Q> {}
