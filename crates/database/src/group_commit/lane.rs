//! One lane: takes all that waits, commits it, answers, and begins again.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use pooling::PoolError;
use scopeguard::ScopeGuard;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::figures::CommitFigures;
use super::work::{Setback, Work};
use crate::sqlite::SqliteSession;
use crate::{DatabaseError, Db, pool};

/// How often a group is tried again because another transaction came in between.
const ATTEMPTS_MAX: u32 = 20;

/// A request and whom to answer.
pub(super) struct Waiting<W: Work> {
    pub(super) request: W::Request,
    pub(super) caller: oneshot::Sender<Verdict<W>>,
}

pub(super) type Verdict<W> = Result<<W as Work>::Answer, DatabaseError>;

/// One lane and what it remembers.
pub(super) struct Lane<W: Work> {
    /// Takes the place of a memory that a panic has left behind.
    fresh: W,
    pub(super) work: W,
    pub(super) db: Db,
    queue: mpsc::Receiver<Waiting<W>>,
    pub(super) group_max: usize,
    figures: CommitFigures,
}

/// A group, and whom to answer.
pub(super) struct Batch<W: Work> {
    pub(super) group: Group<W>,
    callers: Vec<oneshot::Sender<Verdict<W>>>,
}

/// A part of what was taken from the queue; splitting it copies nothing.
pub(super) struct Group<W: Work> {
    requests: Arc<[W::Request]>,
    part: Range<usize>,
}

impl<W: Work> Lane<W> {
    pub(super) fn new(
        work: W,
        db: Db,
        queue: mpsc::Receiver<Waiting<W>>,
        group_max: usize,
    ) -> Self {
        let figures = CommitFigures::of(W::NAME);
        Self { fresh: work.clone(), work, db, queue, group_max, figures }
    }

    /// Works until all senders are gone and the queue is empty.
    pub(super) async fn run(mut self) {
        let mut waiting = Vec::new();
        while !waiting.is_empty() || self.gather(&mut waiting).await {
            let batch = Batch::of(waiting.drain(..));
            let blind = match self.foresee(&batch) {
                Some(foreseen) => self.pipeline(batch, foreseen, &mut waiting).await,
                None => Some(batch),
            };
            if let Some(batch) = blind {
                self.finish(batch).await;
            }
        }
    }

    /// Takes what waits, at least one request and no more than belong in a group; false at the end.
    pub(super) async fn gather(&mut self, waiting: &mut Vec<Waiting<W>>) -> bool {
        let room = self.group_max - waiting.len();
        self.queue.recv_many(waiting, room).await > 0
    }

    /// Commits a batch by itself, and answers.
    pub(super) async fn finish(&mut self, batch: Batch<W>) {
        let verdicts = self.settle(batch.group.clone()).await;
        batch.answer(verdicts);
    }

    /// Commits a group. One that the database refuses is halved until what it refuses stands alone.
    async fn settle(&mut self, group: Group<W>) -> Vec<Verdict<W>> {
        match self.insist(&group).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(DatabaseError::Refused(_)) if group.len() > 1 => {
                let (first, second) = group.halves();
                let mut verdicts = Box::pin(self.settle(first)).await;
                verdicts.extend(Box::pin(self.settle(second)).await);
                verdicts
            }
            Err(error) => group.part.map(|_| Err(error.clone())).collect(),
        }
    }

    /// Tries until no other transaction comes in between.
    async fn insist(&mut self, group: &Group<W>) -> Result<Vec<W::Answer>, DatabaseError> {
        for _ in 0..ATTEMPTS_MAX {
            let start = Instant::now();
            match self.attempt(group).await? {
                Ok(answers) => {
                    self.note(group, &answers, start.elapsed());
                    return Ok(answers);
                }
                Err(setback) => self.forgive(setback)?,
            }
        }
        Err(DatabaseError::Contended)
    }

    /// Tells of a group that is committed.
    pub(super) fn note(&self, group: &Group<W>, answers: &[W::Answer], time: Duration) {
        self.work.committed(group.requests(), answers);
        self.figures.committed(group.len(), time);
        self.db.judge_commit(time, W::NAME);
    }

    /// What a transaction remembered that was rolled back never was.
    pub(super) fn forgive(&mut self, setback: Setback) -> Result<(), DatabaseError> {
        self.revert();
        match setback {
            Setback::Again => {
                self.figures.repeated();
                Ok(())
            }
            Setback::Database(error) => Err(DatabaseError::of_write(error)),
        }
    }

    async fn attempt(
        &mut self,
        group: &Group<W>,
    ) -> Result<Result<Vec<W::Answer>, Setback>, DatabaseError> {
        let outcome = AssertUnwindSafe(self.carry_out(group)).catch_unwind().await;
        outcome.unwrap_or_else(|_| Err(self.forget()))
    }

    async fn carry_out(
        &mut self,
        group: &Group<W>,
    ) -> Result<Result<Vec<W::Answer>, Setback>, DatabaseError> {
        match self.db.clone() {
            Db::Postgres { lanes, .. } => {
                let mut connection = lanes.get().await.map_err(PoolError::from)?;
                let answers = self.work.on_postgres(&mut connection, group.requests());
                let outcome = lanes.in_time(answers).await;
                let is_broken = outcome.as_ref().is_err_and(Setback::is_broken_off);
                pool::give_back_if(connection, !is_broken);
                Ok(outcome)
            }
            Db::Sqlite { write, .. } => {
                let mut session = pool::lent(write.get().await.map_err(PoolError::from)?);
                let outcome = self.aside(&mut session, group).await?;
                drop(ScopeGuard::into_inner(session));
                Ok(outcome)
            }
        }
    }

    /// SQLite works on a thread of its own, to which the lane lends its memory.
    async fn aside(
        &mut self,
        session: &mut SqliteSession,
        group: &Group<W>,
    ) -> Result<Result<Vec<W::Answer>, Setback>, DatabaseError> {
        let mut work = std::mem::replace(&mut self.work, self.fresh.clone());
        let group = group.clone();
        let done = session.spawn_blocking(move |connection| {
            let outcome = connection
                .immediate_transaction(|connection| work.on_sqlite(connection, group.requests()));
            Ok((outcome, work))
        });
        match done.await {
            Ok((outcome, work)) => {
                self.work = work;
                Ok(outcome)
            }
            Err(_) => Err(self.forget()),
        }
    }

    /// What was remembered of writes that were not carried out never was.
    pub(super) fn revert(&mut self) {
        self.work = self.fresh.clone();
    }

    /// After a panic nobody knows what the lane remembers.
    pub(super) fn forget(&mut self) -> DatabaseError {
        error!(work = W::NAME, "a group commit panicked");
        self.revert();
        DatabaseError::InDoubt
    }
}

impl<W: Work> Batch<W> {
    pub(super) fn of(waiting: impl Iterator<Item = Waiting<W>>) -> Self {
        let (requests, callers): (Vec<_>, _) = waiting.map(|it| (it.request, it.caller)).unzip();
        Self { group: Group::of(requests), callers }
    }

    pub(super) fn fail(self, error: &DatabaseError) {
        let verdicts = self.callers.iter().map(|_| Err(error.clone())).collect();
        self.answer(verdicts);
    }

    pub(super) fn answer(self, verdicts: Vec<Verdict<W>>) {
        let Self { group, callers } = self;
        // A request holds what its caller may need for the next one, such as an idempotency key.
        drop(group);
        for (caller, verdict) in callers.into_iter().zip(verdicts) {
            // Nobody listens when the caller went away. The write stands all the same.
            let _ = caller.send(verdict);
        }
    }
}

impl<W: Work> Group<W> {
    fn of(requests: Vec<W::Request>) -> Self {
        Self { part: 0..requests.len(), requests: requests.into() }
    }

    pub(super) fn len(&self) -> usize {
        self.part.len()
    }

    pub(super) fn requests(&self) -> &[W::Request] {
        &self.requests[self.part.clone()]
    }

    fn halves(&self) -> (Self, Self) {
        let Range { start, end } = self.part;
        let middle = start.midpoint(end);
        let part = |part| Self { requests: self.requests.clone(), part };
        (part(start..middle), part(middle..end))
    }
}

impl<W: Work> Clone for Group<W> {
    fn clone(&self) -> Self {
        Self { requests: self.requests.clone(), part: self.part.clone() }
    }
}
