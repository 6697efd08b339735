//! The answers of a whole group, on PostgreSQL: stored by one statement, for any number of them.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

use super::answers::AnswerRow;
use crate::schema::idempotency_keys;
use crate::unnest::Unnest;

/// Stores answers, each unless its key has one; the number of stored answers is the number of rows.
pub fn store_answers(rows: &[AnswerRow]) -> StoreAnswers<'_> {
    let mut rows: Vec<_> = rows.iter().collect();
    // Two instances that store the same keys lock them in the same order.
    rows.sort_unstable_by_key(|row| (row.author_id, &row.key));
    let answers = Unnest::of(rows)
        .column(idempotency_keys::author_id, |row| row.author_id)
        .column(idempotency_keys::key, |row| row.key.as_str())
        .column(idempotency_keys::fingerprint, |row| row.fingerprint.as_slice())
        .column(idempotency_keys::answer, |row| row.answer.as_str())
        .column(idempotency_keys::answered_at, |row| row.answered_at);
    StoreAnswers(answers)
}

/// See [`store_answers`].
pub struct StoreAnswers<'a>(Unnest<'a, &'a AnswerRow>);

impl QueryId for StoreAnswers<'_> {
    type QueryId = StoreAnswers<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> RunQueryDsl<C> for StoreAnswers<'_> {}

impl QueryFragment<Pg> for StoreAnswers<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.push_insert(&idempotency_keys::table, &mut out)?;
        out.push_sql(" ON CONFLICT (author_id, key) DO NOTHING");
        Ok(())
    }
}
