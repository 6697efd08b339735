//! The answers of a whole group, on PostgreSQL: kept by one statement, for any number of them.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, Binary, Text};
use ids::AuthorId;

use super::AnswerRow;
use crate::At;
use crate::sql_types::{Guid, Moment};

/// Keeps answers, each unless there is one; how many were kept is the number of rows.
pub fn keep_many(rows: &[AnswerRow]) -> KeepMany<'_> {
    let mut rows: Vec<_> = rows.iter().collect();
    // Two instances that keep the same keys wait for each other in one order only.
    rows.sort_unstable_by_key(|row| (row.author_id, &row.key));
    let mut answers = KeepMany::default();
    for row in rows {
        answers.author_id.push(row.author_id);
        answers.key.push(&row.key);
        answers.fingerprint.push(&row.fingerprint);
        answers.answer.push(&row.answer);
        answers.answered_at.push(row.answered_at);
    }
    answers
}

/// See [`keep_many`].
#[derive(Debug, Default)]
pub struct KeepMany<'a> {
    author_id: Vec<AuthorId>,
    key: Vec<&'a str>,
    fingerprint: Vec<&'a [u8]>,
    answer: Vec<&'a str>,
    answered_at: Vec<At>,
}

impl QueryId for KeepMany<'_> {
    type QueryId = KeepMany<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> RunQueryDsl<C> for KeepMany<'_> {}

impl QueryFragment<Pg> for KeepMany<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO idempotency_keys (author_id, key, fingerprint, answer, answered_at) \
             SELECT * FROM unnest(",
        );
        out.push_bind_param::<Array<Guid>, _>(&self.author_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.key)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.fingerprint)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.answer)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Moment>, _>(&self.answered_at)?;
        out.push_sql(") ON CONFLICT (author_id, key) DO NOTHING");
        Ok(())
    }
}
