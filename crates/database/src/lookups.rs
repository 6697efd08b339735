//! Batched reads of rows by key: concurrent look-ups share one statement.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use metrics::{Histogram, histogram};
use pooling::PoolError;
use timings::{Wait, timed};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use crate::db::Db;
use crate::error::DatabaseError;
use crate::query::Fetch;

/// Concurrent statements. More than one, so that a slow statement does not block all look-ups.
const READERS: usize = 4;

/// Keys in one statement at most, and callers in the queue; further callers wait for a place in it.
const KEYS_MAX: usize = 256;

/// Reads rows by their keys.
///
/// On PostgreSQL a statement costs about as much for fifty keys as for one, and occupies one connection.
/// So the look-ups that arrive while all readers are busy are batched into the next statement. There is no
/// timer: a single look-up is sent at once. SQLite answers in microseconds and batches nothing. Cloning
/// shares the readers; they end when the last clone is dropped.
pub struct Lookups<K, U>(Strategy<K, U>);

enum Strategy<K, U> {
    Batched(Batched<K, U>),
    Single(Single<K, U>),
}

/// Reads one row with a statement of its own.
type Single<K, U> = Arc<dyn Fn(K) -> BoxFuture<'static, Row<U>> + Send + Sync>;

/// The outcome of one look-up.
type Row<U> = Result<Option<U>, DatabaseError>;

/// Reads rows through the queue of the readers.
struct Batched<K, U> {
    queue: mpsc::Sender<Pending<K, U>>,
    timeout: Duration,
}

/// A look-up in the queue.
struct Pending<K, U> {
    key: K,
    caller: oneshot::Sender<Row<U>>,
}

impl<K: Clone + Eq + Hash + Send + 'static, U: Clone + Send + 'static> Lookups<K, U> {
    /// Starts readers of `db` on `runtime`; `name` labels their metrics. `one` is the query for one key,
    /// `many` the query for several, which returns each row with its key.
    pub fn start<One: Fetch<'static, U>, Many: Fetch<'static, (K, U)>>(
        name: &'static str,
        db: &Db,
        runtime: &Handle,
        one: impl Fn(K) -> One + Send + Sync + 'static,
        many: impl Fn(Vec<K>) -> Many + Clone + Send + Sync + 'static,
    ) -> Self {
        if let Db::Postgres { .. } = db {
            return Self(Strategy::Batched(Batched::start(name, db, runtime, many)));
        }
        let db = db.clone();
        Self(Strategy::Single(Arc::new(move |key| {
            let (db, query) = (db.clone(), one(key));
            async move { db.read_one(query).await }.boxed()
        })))
    }

    /// The row with this key, if there is one.
    ///
    /// # Errors
    /// When the database fails, or does not answer for as long as a caller waits for a connection.
    pub async fn find(&self, key: K) -> Row<U> {
        match &self.0 {
            Strategy::Batched(batched) => batched.find(key).await,
            Strategy::Single(find) => find(key).await,
        }
    }
}

impl<K: Clone + Eq + Hash + Send + 'static, U: Clone + Send + 'static> Batched<K, U> {
    fn start<Q: Fetch<'static, (K, U)>>(
        name: &'static str,
        db: &Db,
        runtime: &Handle,
        query: impl Fn(Vec<K>) -> Q + Clone + Send + Sync + 'static,
    ) -> Self {
        let (queue, requests) = mpsc::channel(KEYS_MAX);
        let requests = Arc::new(Mutex::new(requests));
        for _ in 0..READERS {
            let reader =
                Reader { db: db.clone(), requests: requests.clone(), query: query.clone() };
            runtime.spawn(reader.run(LookupMetrics::of(name)));
        }
        Self { queue, timeout: db.wait_timeout() }
    }

    async fn find(&self, key: K) -> Row<U> {
        let (caller, answer) = oneshot::channel();
        let row = async {
            let ended = || PoolError::Unreachable("its readers have ended".to_owned());
            self.queue.send(Pending { key, caller }).await.map_err(|_| ended())?;
            answer.await.map_err(|_| ended())?
        };
        let row = timed(Wait::Lookup, timeout(self.timeout, row)).await;
        row.unwrap_or(Err(PoolError::Slow.into()))
    }
}

impl<K, U> Clone for Lookups<K, U> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Strategy::Batched(batched) => Strategy::Batched(batched.clone()),
            Strategy::Single(find) => Strategy::Single(find.clone()),
        })
    }
}

impl<K, U> Clone for Batched<K, U> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), timeout: self.timeout }
    }
}

/// Takes the queued look-ups, reads their rows, answers, and repeats.
struct Reader<K, U, F> {
    db: Db,
    requests: Arc<Mutex<mpsc::Receiver<Pending<K, U>>>>,
    query: F,
}

impl<K, U, Q, F> Reader<K, U, F>
where
    K: Clone + Eq + Hash + Send + 'static,
    U: Clone + Send + 'static,
    Q: Fetch<'static, (K, U)>,
    F: Fn(Vec<K>) -> Q + Sync,
{
    async fn run(self, metrics: LookupMetrics) {
        let mut group: Vec<Pending<K, U>> = Vec::new();
        while self.gather(&mut group).await {
            // Callers may have gone away.
            group.retain(|waiting| !waiting.caller.is_closed());
            if group.is_empty() {
                continue;
            }
            let keys: Vec<K> = group.iter().map(|waiting| waiting.key.clone()).collect();
            let (start, count) = (Instant::now(), keys.len());
            let rows = self.db.read_all((self.query)(keys)).await;
            metrics.record(count, start.elapsed());
            let rows = rows.map(HashMap::<K, U>::from_iter);
            for Pending { key, caller } in group.drain(..) {
                let row = rows.as_ref().map(|rows| rows.get(&key).cloned());
                let _ = caller.send(row.map_err(Clone::clone));
            }
        }
    }

    /// Waits for look-ups and takes all of them; false when the queue has ended.
    async fn gather(&self, group: &mut Vec<Pending<K, U>>) -> bool {
        self.requests.lock().await.recv_many(group, KEYS_MAX).await > 0
    }
}

/// The metrics of look-ups.
struct LookupMetrics {
    keys: Histogram,
    seconds: Histogram,
}

impl LookupMetrics {
    fn of(name: &'static str) -> Self {
        Self {
            keys: histogram!("cardroom_lookup_keys", "of" => name),
            seconds: histogram!("cardroom_lookup_duration_seconds", "of" => name),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "groups are smaller than 2^52")]
    fn record(&self, keys: usize, time: Duration) {
        self.keys.record(keys as f64);
        self.seconds.record(time);
    }
}
