//! Groups in PostgreSQL's pipeline: the next one is sent while the one before it still commits, so that
//! the database waits neither for the lane nor for the way there and back.
//!
//! What was foreseen of them may turn out wrong. Then nothing more is sent until all have come back, the
//! lane forgets what it remembers, and the groups that failed are committed one by one, in their order.
//! One connection carries its statements out in the order they were sent, each a transaction of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::{FuturesOrdered, StreamExt as _};
use pooling::PoolError;

use super::lane::{Batch, Lane, Waiting};
use super::link::{Chain, Link};
use super::work::{Foreseen, Setback, Work};
use crate::{DatabaseError, Db, Pool, pool};

/// Groups under way at once: one that commits, and one that is there when it is done.
const DEPTH: usize = 2;

/// A group is sent ahead once it has one request for so many of the group before it: waiting for as many,
/// fifty people seldom fill two groups while a third gathers; without a limit, whoever comes first leaves
/// alone.
const GATHERED: usize = 2;

/// Groups that one connection carries before it goes back to its pool, which may want to end it.
const GROUPS_MAX: usize = 1000;

/// What came of a group that was sent; no setback when it panicked.
type Returned<W> = (Batch<W>, Instant, Result<Vec<<W as Work>::Answer>, Option<Setback>>);

/// The groups that are under way.
type UnderWay<'c, W> = FuturesOrdered<BoxFuture<'c, Returned<W>>>;

impl<W: Work> Lane<W> {
    /// What will come of a batch, if its work can tell.
    pub(super) fn foresee(&mut self, batch: &Batch<W>) -> Option<Foreseen<W::Answer>> {
        match &self.db {
            Db::Sqlite { .. } => None,
            Db::Postgres { .. } => {
                let foreseen = || self.work.foresee(batch.group.requests());
                catch_unwind(AssertUnwindSafe(foreseen)).unwrap_or_else(|_| {
                    // It panics again, and is answered, when it is committed by itself.
                    self.revert();
                    None
                })
            }
        }
    }

    /// Sends this batch, and those that gather meanwhile, until nothing is under way. Gives back a batch
    /// that could not be foreseen.
    pub(super) async fn pipeline(
        &mut self,
        first: Batch<W>,
        foreseen: Foreseen<W::Answer>,
        waiting: &mut Vec<Waiting<W>>,
    ) -> Option<Batch<W>> {
        let Db::Postgres { lanes, .. } = self.db.clone() else { return Some(first) };
        let connection = match lanes.get().await.map_err(PoolError::from) {
            Ok(connection) => connection,
            Err(error) => {
                self.revert();
                first.fail(&error.into());
                return None;
            }
        };
        let mut size = first.group.len();
        let mut under_way = UnderWay::<W>::new();
        let mut chain = Chain::default();
        under_way.push_back(send(first, foreseen, chain.link(), &connection, &lanes));
        let mut sent = 1;
        let mut ended = false;
        let mut blind = None;
        let mut failed = Vec::new();
        // When the group before was done.
        let mut before = Instant::now();
        while !under_way.is_empty() {
            let goes_on = blind.is_none() && failed.is_empty() && sent < GROUPS_MAX;
            if goes_on && under_way.len() < DEPTH && GATHERED * waiting.len() >= size {
                let batch = Batch::of(waiting.drain(..));
                size = batch.group.len();
                sent += 1;
                match self.foresee(&batch) {
                    Some(foreseen) => {
                        let link = chain.link();
                        under_way.push_back(send(batch, foreseen, link, &connection, &lanes));
                    }
                    None => blind = Some(batch),
                }
                continue;
            }
            let open =
                goes_on && !ended && under_way.len() < DEPTH && waiting.len() < self.group_max;
            tokio::select! {
                biased;
                Some((batch, start, outcome)) = under_way.next() => {
                    let time = start.max(before).elapsed();
                    before = Instant::now();
                    match outcome {
                        Ok(answers) => {
                            self.note(&batch.group, &answers, time);
                            batch.answer(answers.into_iter().map(Ok).collect());
                        }
                        Err(setback) => failed.push((batch, setback)),
                    }
                }
                more = self.gather(waiting), if open => ended = !more,
            }
        }
        drop(under_way);
        let mut setbacks = failed.iter().filter_map(|(_, setback)| setback.as_ref());
        pool::give_back_if(connection, !setbacks.any(Setback::is_broken_off));
        for (batch, setback) in failed {
            self.repair(batch, setback).await;
        }
        blind
    }

    /// Answers a batch that failed, or commits it by itself where that may help.
    async fn repair(&mut self, batch: Batch<W>, setback: Option<Setback>) {
        let refusal = match setback {
            Some(setback) => self.forgive(setback).err(),
            None => Some(self.forget()),
        };
        match refusal {
            None => self.finish(batch).await,
            Some(DatabaseError::Refused(_)) if batch.group.len() > 1 => self.finish(batch).await,
            Some(error) => batch.fail(&error),
        }
    }
}

/// Sends a batch.
fn send<'c, W: Work>(
    batch: Batch<W>,
    foreseen: Foreseen<W::Answer>,
    link: Link,
    connection: &'c AsyncPgConnection,
    lanes: &'c Pool<AsyncPgConnection>,
) -> BoxFuture<'c, Returned<W>> {
    let start = Instant::now();
    let outcome = AssertUnwindSafe(lanes.in_time(foreseen(connection, link))).catch_unwind();
    outcome
        .map(move |outcome| {
            let outcome = outcome.map_err(|_| None).and_then(|it| it.map_err(Some));
            (batch, start, outcome)
        })
        .boxed()
}
