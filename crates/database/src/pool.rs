//! Instrumented connection pools: waiting times of callers, slow statements, silent servers.

use std::fmt::Display;
use std::panic::Location;
use std::pin::pin;
use std::time::{Duration, Instant};

use deadpool::managed::{self, Manager, Object, PoolError, TimeoutType};
use diesel::QueryResult;
use diesel::result::Error as DieselError;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use futures::future::join_all;
use metrics::{Histogram, gauge, histogram};
use scopeguard::ScopeGuard;
use timings::{Wait, timed};
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::breaker::{Breaker, SUSPECT_AFTER};
use crate::error::{ends_connection, no_answer};

/// A pool of database connections.
pub type Pool<C> = InstrumentedPool<AsyncDieselConnectionManager<C>>;

/// A pool with metrics, a log of slow statements and a limit for silent servers. Cloning shares it.
pub struct InstrumentedPool<M: Manager> {
    name: &'static str,
    connections: managed::Pool<M>,
    waits: Histogram,
    slow: Duration,
    silence: Option<Silence>,
}

/// The limits for a server that does not answer.
#[derive(Clone)]
struct Silence {
    limit: Duration,
    breaker: Breaker,
}

/// A borrowed connection. If the borrowing future is dropped, its query may still be running, so the
/// connection is closed instead of returned.
pub(crate) type Lent<M> = ScopeGuard<Object<M>, fn(Object<M>)>;

impl<M: Manager<Error: Display>> InstrumentedPool<M> {
    /// A pool under `name` in the metrics; statements that take longer than `slow` are logged.
    pub(crate) fn of(name: &'static str, connections: managed::Pool<M>, slow: Duration) -> Self {
        let waits = histogram!("cardroom_pool_wait_duration_seconds", "pool" => name);
        Self { name, connections, waits, slow, silence: None }
    }

    /// Fails queries that the database does not answer within `limit`, or earlier when the breaker finds
    /// that it answers nothing.
    pub(crate) fn with_answer_timeout(self, limit: Duration, breaker: Breaker) -> Self {
        Self { silence: Some(Silence { limit, breaker }), ..self }
    }

    /// Opens all connections of the pool, so that no request waits for that. A connection that cannot be
    /// opened now is opened on demand.
    pub(crate) async fn fill(&self) {
        let places = 0..self.figures().size;
        let opened = join_all(places.map(async |_| self.connections.get().await.map(drop))).await;
        if let Some(error) = opened.into_iter().find_map(Result::err) {
            warn!(pool = self.name, error = %error, "not all connections could be opened: {error}");
        }
    }

    /// Waits for a connection, up to the wait timeout of the settings.
    ///
    /// # Errors
    /// When no connection became free in time, or none could be opened.
    pub async fn get(&self) -> Result<Object<M>, PoolError<M::Error>> {
        if self.silence.as_ref().is_some_and(|it| it.breaker.is_open()) {
            return Err(PoolError::Timeout(TimeoutType::Create));
        }
        let start = Instant::now();
        let connection = timed(Wait::Connection, self.connections.get()).await;
        self.waits.record(start.elapsed());
        connection
    }

    /// Runs a query, and logs it with the calling `place` in the code when it is slow. Parameters are not
    /// logged: they may be secrets.
    pub(crate) async fn run<T>(
        &self,
        place: &'static Location<'static>,
        query: impl Future<Output = QueryResult<T>>,
    ) -> QueryResult<T> {
        let start = Instant::now();
        let outcome = self.in_time(query).await;
        self.log_if_slow(start.elapsed(), place);
        outcome
    }

    /// Runs a query, up to the answer timeout.
    ///
    /// The server itself cancels slow statements, but not while its machine is suspended, and not a commit
    /// that waits for a standby or a disk.
    pub(crate) async fn in_time<T, E: From<DieselError>>(
        &self,
        query: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let Some(Silence { limit, breaker }) = &self.silence else { return query.await };
        let mut query = pin!(query);
        let start = Instant::now();
        loop {
            let rest = limit.saturating_sub(start.elapsed());
            if let Ok(outcome) = timeout(rest.min(SUSPECT_AFTER), &mut query).await {
                return outcome;
            }
            if start.elapsed() >= *limit {
                return Err(no_answer(*limit).into());
            }
            tokio::select! {
                outcome = &mut query => return outcome,
                answers = breaker.server_answers() => {
                    if !answers {
                        return Err(no_answer(start.elapsed()).into());
                    }
                }
                () = sleep(limit.saturating_sub(start.elapsed())) => return Err(no_answer(*limit).into()),
            }
        }
    }

    /// Logs a statement or commit that took longer than the limit of the settings.
    pub(crate) fn log_if_slow(&self, time: Duration, what: &dyn Display) {
        if time > self.slow {
            let (pool, duration_ms) = (self.name, time.as_secs_f64() * 1e3);
            warn!(pool, query = %what, duration_ms, "slow_query");
        }
    }

    /// Closes the connections: free ones now, the others when they are returned.
    pub(crate) fn close(&self) {
        self.connections.close();
    }

    /// The time that a caller waits for a connection at most.
    pub(crate) fn wait_timeout(&self) -> Duration {
        self.connections.timeouts().wait.unwrap_or(Duration::MAX)
    }

    /// The current state of the pool.
    pub fn figures(&self) -> Figures {
        let status = self.connections.status();
        Figures {
            size: status.max_size,
            open: status.size,
            idle: status.available,
            waiting: status.waiting,
        }
    }

    /// Records the current state of the pool as metrics.
    #[expect(clippy::cast_precision_loss, reason = "pools are smaller than 2^52")]
    pub(crate) fn record_metrics(&self) {
        let Figures { size, open, idle, waiting } = self.figures();
        gauge!("cardroom_pool_size", "pool" => self.name).set(size as f64);
        gauge!("cardroom_pool_open", "pool" => self.name).set(open as f64);
        gauge!("cardroom_pool_in_use", "pool" => self.name).set(open.saturating_sub(idle) as f64);
        gauge!("cardroom_pool_waiting", "pool" => self.name).set(waiting as f64);
    }
}

impl<M: Manager> Clone for InstrumentedPool<M> {
    fn clone(&self) -> Self {
        let (connections, waits) = (self.connections.clone(), self.waits.clone());
        Self { connections, waits, silence: self.silence.clone(), ..*self }
    }
}

/// Lends a connection to a query that may be dropped before it ends.
pub(crate) fn lent<M: Manager>(connection: Object<M>) -> Lent<M> {
    scopeguard::guard(connection, |it| drop(Object::take(it)))
}

/// Returns a connection to its pool after a query, unless the query's error says that it ended: the
/// connection itself may not show that yet.
pub(crate) fn give_back<M: Manager, T>(lent: Object<M>, outcome: QueryResult<T>) -> QueryResult<T> {
    give_back_if(lent, !outcome.as_ref().is_err_and(ends_connection));
    outcome
}

/// Returns a connection to its pool if it is usable, and closes it otherwise.
pub(crate) fn give_back_if<M: Manager>(lent: Object<M>, is_usable: bool) {
    if !is_usable {
        drop(Object::take(lent));
    }
}

/// The state of a pool, in connections and callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Connections at most.
    pub size: usize,
    /// Connections that are open.
    pub open: usize,
    /// Open connections that are free.
    pub idle: usize,
    /// Callers that wait for a connection.
    pub waiting: usize,
}
