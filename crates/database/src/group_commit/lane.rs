//! One lane: takes the waiting requests, commits them, answers, and repeats.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tracing::error;

use super::batch::{Answer, Batch, Group, Queued};
use super::metrics::CommitMetrics;
use super::writer::{GroupError, GroupWriter};
use crate::db::Db;
use crate::error::DatabaseError;

/// Attempts to commit a group while other transactions conflict with it.
const ATTEMPTS_MAX: u32 = 20;

/// One lane with its writer.
pub(super) struct Lane<W: GroupWriter> {
    /// Replaces the writer after a rollback or a panic.
    fresh: W,
    pub(super) writer: W,
    pub(super) db: Db,
    queue: mpsc::Receiver<Queued<W>>,
    pub(super) group_max: usize,
    metrics: CommitMetrics,
}

impl<W: GroupWriter> Lane<W> {
    pub(super) fn new(
        writer: W,
        db: Db,
        queue: mpsc::Receiver<Queued<W>>,
        group_max: usize,
    ) -> Self {
        let metrics = CommitMetrics::of(W::NAME);
        Self { fresh: writer.clone(), writer, db, queue, group_max, metrics }
    }

    /// Runs until all senders are dropped and the queue is empty.
    pub(super) async fn run(mut self) {
        let mut waiting = Vec::new();
        while !waiting.is_empty() || self.gather(&mut waiting).await {
            let batch = Batch::of(waiting.drain(..));
            let unprepared = match self.prepare_ahead(&batch.group) {
                Some(prepared) => self.pipeline(batch, prepared, &mut waiting).await,
                None => Some(batch),
            };
            if let Some(batch) = unprepared {
                self.commit(batch).await;
            }
        }
    }

    /// Waits for requests and takes them, up to the size of a group; false when the queue has ended.
    pub(super) async fn gather(&mut self, waiting: &mut Vec<Queued<W>>) -> bool {
        let free = self.group_max - waiting.len();
        self.queue.recv_many(waiting, free).await > 0
    }

    /// Commits a batch on its own, and answers its callers.
    pub(super) async fn commit(&mut self, batch: Batch<W>) {
        let answers = self.commit_or_bisect(batch.group.clone()).await;
        batch.answer(answers);
    }

    /// Commits a group. A group that the database refuses is halved until the refused request is alone.
    async fn commit_or_bisect(&mut self, group: Group<W>) -> Vec<Answer<W>> {
        match self.commit_with_retries(&group).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(DatabaseError::Refused(_)) if group.len() > 1 => {
                let (first, second) = group.halves();
                let mut answers = Box::pin(self.commit_or_bisect(first)).await;
                answers.extend(Box::pin(self.commit_or_bisect(second)).await);
                answers
            }
            Err(error) => group.requests().iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// Commits a group, again and again while other transactions conflict with it.
    async fn commit_with_retries(
        &mut self,
        group: &Group<W>,
    ) -> Result<Vec<W::Answer>, DatabaseError> {
        for _ in 0..ATTEMPTS_MAX {
            let start = Instant::now();
            match self.run_transaction(group).await? {
                Ok(answers) => {
                    self.after_commit(group, &answers, start.elapsed());
                    return Ok(answers);
                }
                Err(error) => self.after_failure(error)?,
            }
        }
        Err(DatabaseError::Contended)
    }

    /// Tells the writer and the metrics of a commit.
    pub(super) fn after_commit(&self, group: &Group<W>, answers: &[W::Answer], time: Duration) {
        let committed = AssertUnwindSafe(|| self.writer.committed(group.requests(), answers));
        if catch_unwind(committed).is_err() {
            error!(work = W::NAME, "the listener of a group commit panicked");
        }
        self.metrics.record_commit(group.len(), time);
        self.db.log_slow_commit(time, W::NAME);
    }

    /// Resets the writer after a rollback; the error is returned when a retry would not help.
    pub(super) fn after_failure(&mut self, error: GroupError) -> Result<(), DatabaseError> {
        self.reset_writer();
        match error {
            GroupError::Retry => {
                self.metrics.count_retry();
                Ok(())
            }
            GroupError::Database(error) => Err(DatabaseError::of_write(error)),
        }
    }

    /// Resets the writer after a panic, which may have left it in any state.
    pub(super) fn after_panic(&mut self) -> DatabaseError {
        error!(work = W::NAME, "a group commit panicked");
        self.reset_writer();
        DatabaseError::InDoubt
    }

    /// The writer may have cached rows of a transaction that was rolled back.
    pub(super) fn reset_writer(&mut self) {
        self.writer = self.fresh.clone();
    }

    /// Takes the writer for use on another thread; a fresh one stays behind.
    pub(super) fn take_writer(&mut self) -> W {
        std::mem::replace(&mut self.writer, self.fresh.clone())
    }
}
