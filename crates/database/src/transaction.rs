//! A change and its consequences in one transaction.

use diesel::QueryResult;
use diesel_async::methods::LoadQuery;
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};

use crate::query::Follow;

/// A change and the statements derived from it, in one transaction. If this future is dropped, the
/// connection is closed, which rolls back.
pub(crate) async fn run_transaction<'q, C: AsyncConnection, U: Send + 'q, F: Follow<C>>(
    connection: &mut C,
    change: impl LoadQuery<'q, C, U> + Send + 'q,
    then: impl FnOnce(&[U]) -> F + Send,
) -> QueryResult<Vec<U>> {
    C::TransactionManager::begin_transaction(connection).await?;
    let outcome = run_statements(connection, change, then).await;
    match outcome {
        Ok(_) => C::TransactionManager::commit_transaction(connection).await?,
        // When that fails as well, the error ends the connection.
        Err(_) => drop(C::TransactionManager::rollback_transaction(connection).await),
    }
    outcome
}

async fn run_statements<'q, C: AsyncConnection, U: Send + 'q, F: Follow<C>>(
    connection: &mut C,
    change: impl LoadQuery<'q, C, U> + Send + 'q,
    then: impl FnOnce(&[U]) -> F + Send,
) -> QueryResult<Vec<U>> {
    let rows: Vec<U> = RunQueryDsl::get_results(change, connection).await?;
    then(&rows).follow(connection).await?;
    Ok(rows)
}
