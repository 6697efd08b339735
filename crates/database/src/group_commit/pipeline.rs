//! Pipelining on PostgreSQL: the next group is sent while the previous one still commits, so the database
//! waits neither for the lane nor for a network round trip.
//!
//! A prepared group may turn out wrong. Then nothing more is sent until all groups have come back, the
//! writer is reset, and the failed groups are committed one by one, in their order. One connection carries
//! its statements out in the order in which they were sent, each as a transaction of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::{FuturesOrdered, StreamExt as _};
use pooling::PoolError;

use super::batch::{Batch, Group, Queued};
use super::lane::Lane;
use super::link::Chain;
use super::waiting::Waiting;
use super::writer::{GroupError, GroupWriter, Prepared};
use crate::db::Db;
use crate::error::DatabaseError;
use crate::pool::{self, Pool};

/// Groups in flight at most: one that commits, and one that is there when the first is done.
const DEPTH: usize = 2;

/// A group is sent once it has this fraction of the requests of the group before it: one in so many.
/// Fifty clients seldom fill two whole groups while a third gathers; with no limit, each request would
/// be sent alone.
const GATHERED: usize = 2;

/// Groups on one connection before it goes back to its pool, which may want to close it.
const GROUPS_MAX: usize = 1000;

/// A group that came back; the error is `None` after a panic.
type Returned<W> = (Batch<W>, Instant, Result<Vec<<W as GroupWriter>::Answer>, Option<GroupError>>);

/// A batch that was not committed; the error is `None` after a panic.
type Failed<W> = (Batch<W>, Option<GroupError>);

/// The groups that were sent on one connection.
struct Pipeline<'c, W: GroupWriter> {
    connection: &'c AsyncPgConnection,
    lanes: &'c Pool<AsyncPgConnection>,
    in_flight: FuturesOrdered<BoxFuture<'c, Returned<W>>>,
    chain: Chain,
    sent: usize,
    /// The size of the group that was sent last.
    last_size: usize,
    /// When the group that came back last did so.
    last_return: Instant,
    failed: Vec<Failed<W>>,
    /// A batch that could not be prepared; nothing is sent after it.
    unprepared: Option<Batch<W>>,
}

impl<'c, W: GroupWriter> Pipeline<'c, W> {
    fn new(connection: &'c AsyncPgConnection, lanes: &'c Pool<AsyncPgConnection>) -> Self {
        Self {
            connection,
            lanes,
            in_flight: FuturesOrdered::new(),
            chain: Chain::default(),
            sent: 0,
            last_size: 0,
            last_return: Instant::now(),
            failed: Vec::new(),
            unprepared: None,
        }
    }

    /// The failed batches in their order, and the one that could not be prepared.
    fn finish(self) -> (Vec<Failed<W>>, Option<Batch<W>>) {
        (self.failed, self.unprepared)
    }

    /// Whether another group may be sent now.
    fn has_room(&self) -> bool {
        self.unprepared.is_none()
            && self.failed.is_empty()
            && self.sent < GROUPS_MAX
            && self.in_flight.len() < DEPTH
    }

    /// Whether so many waiting requests are worth a group.
    fn is_enough(&self, waiting: usize) -> bool {
        GATHERED * waiting >= self.last_size
    }

    /// Sends a batch.
    fn send(&mut self, batch: Batch<W>, prepared: Prepared<W::Answer>) {
        let start = Instant::now();
        self.sent += 1;
        self.last_size = batch.group.len();
        let answers = self.lanes.in_time(prepared(self.connection, self.chain.link()));
        let returned = AssertUnwindSafe(answers).catch_unwind().map(move |outcome| {
            let outcome = outcome.map_err(|_| None).and_then(|it| it.map_err(Some));
            (batch, start, outcome)
        });
        self.in_flight.push_back(returned.boxed());
    }
}

impl<W: GroupWriter> Lane<W> {
    /// Prepares a group without reading the database, if its writer can.
    pub(super) fn prepare_ahead(&mut self, group: &Group<W>) -> Option<Prepared<W::Answer>> {
        match &self.db {
            Db::Sqlite { .. } => None,
            Db::Postgres { .. } => {
                let prepare = || self.writer.prepare_ahead(group.requests());
                catch_unwind(AssertUnwindSafe(prepare)).unwrap_or_else(|_| {
                    // It panics again, and is answered, when it is committed on its own.
                    self.reset_writer();
                    None
                })
            }
        }
    }

    /// Sends this batch, and those that gather meanwhile, until none is in flight. Returns a batch that
    /// could not be prepared.
    pub(super) async fn pipeline(
        &mut self,
        first: Batch<W>,
        prepared: Prepared<W::Answer>,
        waiting: &mut Waiting<Queued<W>>,
    ) -> Option<Batch<W>> {
        let Db::Postgres { lanes, .. } = self.db.clone() else { return Some(first) };
        let connection = match lanes.get().await.map_err(PoolError::from) {
            Ok(connection) => connection,
            Err(error) => {
                self.reset_writer();
                first.fail(&error.into());
                return None;
            }
        };
        let mut pipeline = Pipeline::new(&connection, &lanes);
        pipeline.send(first, prepared);
        self.drive(&mut pipeline, waiting).await;
        let (failed, unprepared) = pipeline.finish();
        let mut errors = failed.iter().filter_map(|(_, error)| error.as_ref());
        let is_broken = errors.any(GroupError::ends_connection);
        pool::give_back_if(connection, !is_broken);
        for (batch, error) in failed {
            self.repair(batch, error).await;
        }
        unprepared
    }

    /// Sends and receives until nothing is in flight.
    async fn drive(&mut self, pipeline: &mut Pipeline<'_, W>, waiting: &mut Waiting<Queued<W>>) {
        let mut is_open = true;
        while !pipeline.in_flight.is_empty() {
            if pipeline.has_room() && pipeline.is_enough(waiting.len()) {
                let batch = self.next_batch(waiting);
                self.send_next(pipeline, batch);
                continue;
            }
            let gathers = is_open && pipeline.has_room() && self.can_gather(waiting);
            tokio::select! {
                biased;
                Some(returned) = pipeline.in_flight.next() => self.receive(pipeline, returned),
                more = self.gather(waiting), if gathers => is_open = more,
            }
        }
    }

    fn send_next(&mut self, pipeline: &mut Pipeline<'_, W>, batch: Batch<W>) {
        match self.prepare_ahead(&batch.group) {
            Some(prepared) => pipeline.send(batch, prepared),
            None => pipeline.unprepared = Some(batch),
        }
    }

    fn receive(&mut self, pipeline: &mut Pipeline<'_, W>, (batch, start, outcome): Returned<W>) {
        // A group that was sent ahead begins when the one before it is done.
        let time = start.max(pipeline.last_return).elapsed();
        pipeline.last_return = Instant::now();
        match outcome {
            Ok(answers) => {
                self.after_commit(&batch.group, &answers, time);
                batch.answer(answers.into_iter().map(Ok).collect());
            }
            Err(error) => pipeline.failed.push((batch, error)),
        }
    }

    /// Commits a failed batch on its own where that may help, or answers with its error.
    async fn repair(&mut self, batch: Batch<W>, error: Option<GroupError>) {
        let refusal = match error {
            Some(error) => self.after_failure(error).err(),
            None => Some(self.after_panic()),
        };
        match refusal {
            None => self.commit(batch).await,
            Some(DatabaseError::Refused(_)) if batch.group.len() > 1 => self.commit(batch).await,
            Some(error) => batch.fail(&error),
        }
    }
}
