//! One attempt to commit a group, on either database.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use pooling::PoolError;
use scopeguard::ScopeGuard;

use super::batch::Group;
use super::lane::Lane;
use super::writer::{GroupError, GroupWriter};
use crate::db::Db;
use crate::error::DatabaseError;
use crate::pool;
use crate::sqlite::SqliteSession;

/// The outcome of one transaction; the outer error means that there was none.
type Attempt<W> = Result<Result<Vec<<W as GroupWriter>::Answer>, GroupError>, DatabaseError>;

impl<W: GroupWriter> Lane<W> {
    /// Runs a group in one transaction. A panic of the writer fails this group only.
    pub(super) async fn run_transaction(&mut self, group: &Group<W>) -> Attempt<W> {
        let attempt = AssertUnwindSafe(self.run_on_database(group)).catch_unwind().await;
        attempt.unwrap_or_else(|_| Err(self.after_panic()))
    }

    async fn run_on_database(&mut self, group: &Group<W>) -> Attempt<W> {
        match self.db.clone() {
            Db::Postgres { lanes, .. } => {
                let mut connection = lanes.get().await.map_err(PoolError::from)?;
                let answers = self.writer.on_postgres(&mut connection, group.requests());
                let outcome = lanes.in_time(answers).await;
                let is_broken = outcome.as_ref().is_err_and(GroupError::ends_connection);
                pool::give_back_if(connection, !is_broken);
                Ok(outcome)
            }
            Db::Sqlite { write, file, .. } => {
                let mut session = pool::lent(write.get().await.map_err(PoolError::from)?);
                let outcome = self.run_on_sqlite_thread(&mut session, group).await?;
                drop(ScopeGuard::into_inner(session));
                // Before the answer: no write to a file that is gone is acknowledged.
                file.check()?;
                Ok(outcome)
            }
        }
    }

    /// SQLite runs on a blocking thread, which takes the writer along and brings it back.
    async fn run_on_sqlite_thread(
        &mut self,
        session: &mut SqliteSession,
        group: &Group<W>,
    ) -> Attempt<W> {
        let mut writer = self.take_writer();
        let group = group.clone();
        let done = session.spawn_blocking(move |connection| {
            let outcome = connection
                .immediate_transaction(|connection| writer.on_sqlite(connection, group.requests()));
            Ok((outcome, writer))
        });
        match done.await {
            Ok((outcome, writer)) => {
                self.writer = writer;
                Ok(outcome)
            }
            Err(_) => Err(self.after_panic()),
        }
    }
}
