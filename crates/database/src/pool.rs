//! A pool that can be watched: how long its callers wait, and which statements are slow.

use std::fmt::Display;
use std::panic::Location;
use std::time::{Duration, Instant};

use deadpool::managed::{self, Manager, Object, PoolError};
use diesel::QueryResult;
use diesel::result::Error as DieselError;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use futures::future::join_all;
use metrics::{Histogram, gauge, histogram};
use scopeguard::ScopeGuard;
use timings::{Wait, timed};
use tokio::time::timeout;
use tracing::warn;

use crate::error::{is_broken_off, silence};

/// Connections to the database, of one kind.
pub type Pool<C> = Watched<AsyncDieselConnectionManager<C>>;

/// A pool that is watched. Cloning shares it.
pub struct Watched<M: Manager> {
    name: &'static str,
    connections: managed::Pool<M>,
    waits: Histogram,
    slow: Duration,
    answers_within: Option<Duration>,
}

/// A connection on which a query may go on that nobody waits for any more: unless it is given back,
/// it is given up.
pub(crate) type Lent<M> = ScopeGuard<Object<M>, fn(Object<M>)>;

impl<M: Manager<Error: Display>> Watched<M> {
    /// Watches a pool that metrics call `name`; statements that take longer than `slow` are logged.
    pub(crate) fn of(name: &'static str, connections: managed::Pool<M>, slow: Duration) -> Self {
        let waits = histogram!("cardroom_pool_wait_duration_seconds", "pool" => name);
        Self { name, connections, waits, slow, answers_within: None }
    }

    /// Takes a database for silent that has not answered within `limit`.
    pub(crate) fn answering_within(self, limit: Duration) -> Self {
        Self { answers_within: Some(limit), ..self }
    }

    /// Opens all connections that there may be, so that nobody has to wait until one is. What cannot be
    /// opened now is opened when somebody asks for it.
    pub(crate) async fn fill(&self) {
        let places = 0..self.figures().size;
        let opened = join_all(places.map(async |_| self.connections.get().await.map(drop))).await;
        if let Some(error) = opened.into_iter().find_map(Result::err) {
            warn!(pool = self.name, error = %error, "not all connections could be opened: {error}");
        }
    }

    /// Waits for a connection, as long as the settings allow.
    ///
    /// # Errors
    /// When none came free, or none could be opened.
    pub async fn get(&self) -> Result<Object<M>, PoolError<M::Error>> {
        let start = Instant::now();
        let connection = timed(Wait::Connection, self.connections.get()).await;
        self.waits.record(start.elapsed());
        connection
    }

    /// Gives what a query gives; one that is slow is logged with the `place` in the code that asked.
    /// Its parameters are nobody's business.
    pub(crate) async fn watch<T>(
        &self,
        place: &'static Location<'static>,
        query: impl Future<Output = QueryResult<T>>,
    ) -> QueryResult<T> {
        let start = Instant::now();
        let outcome = self.in_time(query).await;
        self.judge(start.elapsed(), place);
        outcome
    }

    /// Gives what a query gives, or that the database is silent.
    ///
    /// A server ends by itself what takes too long, as long as it can: not while its machine stands
    /// still, and not a commit, which waits for a standby or a disk.
    pub(crate) async fn in_time<T, E: From<DieselError>>(
        &self,
        query: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match self.answers_within {
            Some(limit) => {
                timeout(limit, query).await.unwrap_or_else(|_| Err(silence(limit).into()))
            }
            None => query.await,
        }
    }

    /// Logs what took too long.
    pub(crate) fn judge(&self, time: Duration, what: &dyn Display) {
        if time > self.slow {
            let (pool, duration_ms) = (self.name, time.as_secs_f64() * 1e3);
            warn!(pool, query = %what, duration_ms, "slow_query");
        }
    }

    /// How long a caller waits for a connection.
    pub(crate) fn patience(&self) -> Duration {
        self.connections.timeouts().wait.unwrap_or(Duration::MAX)
    }

    /// The pool at this moment.
    pub fn figures(&self) -> Figures {
        let status = self.connections.status();
        Figures {
            size: status.max_size,
            open: status.size,
            idle: status.available,
            waiting: status.waiting,
        }
    }

    /// Puts the pool at this moment among the metrics.
    #[expect(clippy::cast_precision_loss, reason = "pools are smaller than 2^52")]
    pub(crate) fn measure(&self) {
        let Figures { size, open, idle, waiting } = self.figures();
        gauge!("cardroom_pool_size", "pool" => self.name).set(size as f64);
        gauge!("cardroom_pool_open", "pool" => self.name).set(open as f64);
        gauge!("cardroom_pool_in_use", "pool" => self.name).set(open.saturating_sub(idle) as f64);
        gauge!("cardroom_pool_waiting", "pool" => self.name).set(waiting as f64);
    }
}

impl<M: Manager> Clone for Watched<M> {
    fn clone(&self) -> Self {
        let (connections, waits) = (self.connections.clone(), self.waits.clone());
        Self { connections, waits, ..*self }
    }
}

/// Lends a connection to a query that may be broken off.
pub(crate) fn lent<M: Manager>(connection: Object<M>) -> Lent<M> {
    scopeguard::guard(connection, |it| drop(Object::take(it)))
}

/// Gives a connection back after a query, unless the query's outcome says that it broke: whether it
/// did may not be seen yet by looking at it.
pub(crate) fn give_back<M: Manager, T>(lent: Object<M>, outcome: QueryResult<T>) -> QueryResult<T> {
    give_back_if(lent, !outcome.as_ref().is_err_and(is_broken_off));
    outcome
}

/// Gives a connection back if it is whole.
pub(crate) fn give_back_if<M: Manager>(lent: Object<M>, is_whole: bool) {
    if !is_whole {
        drop(Object::take(lent));
    }
}

/// A pool at one moment, in connections and callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Connections at most.
    pub size: usize,
    /// Connections that are open.
    pub open: usize,
    /// Open connections that nobody uses.
    pub idle: usize,
    /// Callers that wait for a connection.
    pub waiting: usize,
}
