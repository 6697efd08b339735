//! One lane: takes the waiting requests, commits them, answers, and repeats.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tracing::error;

use super::batch::{Answer, Batch, Group, Queued};
use super::metrics::CommitMetrics;
use super::waiting::Waiting;
use super::writer::{GroupError, GroupWriter};
use crate::db::Db;
use crate::error::DatabaseError;

/// Attempts to commit a group while other transactions conflict with it.
const ATTEMPTS_MAX: u32 = 20;

/// Requests that a lane gathers at most, in groups: those of the next group, and large ones that wait for
/// a later one.
const GATHERED_MAX: usize = 2;

/// One lane with its writer.
pub(super) struct Lane<W: GroupWriter> {
    /// Replaces the writer after a rollback or a panic.
    fresh: W,
    pub(super) writer: W,
    pub(super) db: Db,
    queue: mpsc::Receiver<Queued<W>>,
    /// Requests that were just taken from the queue.
    arrived: Vec<Queued<W>>,
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
        let fresh = writer.clone();
        Self { fresh, writer, db, queue, arrived: Vec::new(), group_max, metrics }
    }

    /// Runs until all senders are dropped and the queue is empty.
    pub(super) async fn run(mut self) {
        let mut waiting = Waiting::new();
        while !waiting.is_empty() || self.gather(&mut waiting).await {
            let batch = self.next_batch(&mut waiting);
            let unprepared = match self.prepare_ahead(&batch.group) {
                Some(prepared) => self.pipeline(batch, prepared, &mut waiting).await,
                None => Some(batch),
            };
            if let Some(batch) = unprepared {
                self.commit(batch).await;
            }
        }
    }

    /// Takes a group of the waiting requests.
    pub(super) fn next_batch(&self, waiting: &mut Waiting<Queued<W>>) -> Batch<W> {
        Batch::of(waiting.take_group(self.group_max).into_iter())
    }

    /// Whether more requests can be gathered beside those that wait.
    pub(super) fn can_gather(&self, waiting: &Waiting<Queued<W>>) -> bool {
        waiting.len() < GATHERED_MAX * self.group_max
    }

    /// Waits for requests and takes them; false when the queue has ended.
    pub(super) async fn gather(&mut self, waiting: &mut Waiting<Queued<W>>) -> bool {
        let free = GATHERED_MAX * self.group_max - waiting.len();
        let is_open = self.queue.recv_many(&mut self.arrived, free).await > 0;
        for queued in self.arrived.drain(..) {
            let (order, is_large) = (queued.order, W::is_large(&queued.request));
            waiting.push(queued, order, is_large);
        }
        is_open
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
