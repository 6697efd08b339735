//! Prepared-statement caching for statements that Diesel would prepare each time.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

/// A query whose prepared statement every connection caches.
///
/// Diesel prepares `UPDATE` and upsert statements each time, because their set of columns may vary; on
/// SQLite preparing costs as much as executing. Wrap those that always set the same columns and return
/// rows; others ignore the wrapper. The cache is keyed by the text of the statement, so a needless wrapper
/// only costs memory.
#[derive(Clone, Copy, Debug)]
pub struct Cached<Q>(pub Q);

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Cached<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q: Query> Query for Cached<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> QueryId for Cached<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q, C> diesel::RunQueryDsl<C> for Cached<Q> {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use diesel::connection::{InstrumentationEvent, SimpleConnection};
    use diesel::prelude::*;

    use super::*;

    diesel::table! {
        seats {
            id -> Integer,
            name -> Text,
        }
    }

    #[test]
    fn an_update_is_prepared_once() {
        let mut file = SqliteConnection::establish(":memory:").unwrap();
        file.batch_execute("CREATE TABLE seats (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
            .unwrap();
        let kept = Arc::new(AtomicUsize::new(0));
        let counter = kept.clone();
        file.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::CacheQuery { .. }) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        let rename = |id, name| {
            let seat = diesel::update(seats::table.find(id));
            seat.set(seats::name.eq(name)).returning(seats::id)
        };

        let plain: Vec<i32> = rename(1, "Mei").load(&mut file).unwrap();
        assert_eq!(
            (plain, kept.load(Ordering::Relaxed)),
            (vec![], 0),
            "Diesel caches updates itself"
        );
        for (id, name) in [(1, "Mei"), (2, "Ana"), (3, "Bo")] {
            let _: Vec<i32> = Cached(rename(id, name)).load(&mut file).unwrap();
        }
        assert_eq!(kept.load(Ordering::Relaxed), 1);
    }
}
