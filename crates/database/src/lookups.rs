//! Reads of one row by its key, which leave together when many look at the same time.

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

use crate::{DatabaseError, Db, Fetch};

/// Statements under way at once. A few, so that one that hangs does not hold up all others.
const READERS: usize = 4;

/// Keys in one statement at most, and callers that wait for the next one; more wait for a place.
const KEYS_MAX: usize = 256;

/// Looks for rows by their keys.
///
/// A statement of PostgreSQL costs about as much for fifty keys as for one, and takes one connection. So
/// whoever comes while all readers are at work leaves with those who came meanwhile. There is no timer:
/// who comes alone leaves at once, and so does everybody with SQLite, which answers on the spot. Cloning
/// shares the readers; they end when the last clone is dropped.
pub struct Lookups<K, U>(Way<K, U>);

/// How rows are looked for.
enum Way<K, U> {
    /// Together with what others look for.
    Together(Together<K, U>),
    /// Each with a statement of its own.
    Alone(Alone<K, U>),
}

/// Looks for one row with a statement of its own.
type Alone<K, U> = Arc<dyn Fn(K) -> BoxFuture<'static, Row<U>> + Send + Sync>;

/// What somebody who looks for a row is answered.
type Row<U> = Result<Option<U>, DatabaseError>;

/// Looks for rows through a queue.
struct Together<K, U> {
    queue: mpsc::Sender<Waiting<K, U>>,
    patience: Duration,
}

/// Somebody who waits for a row.
struct Waiting<K, U> {
    key: K,
    caller: oneshot::Sender<Row<U>>,
}

impl<K: Clone + Eq + Hash + Send + 'static, U: Clone + Send + 'static> Lookups<K, U> {
    /// Looks in `db`, with readers on `runtime`, whose metrics call the rows `name`. `one` gives the row
    /// that has this key, `many` those that have one of these keys, each after its key.
    pub fn start<One: Fetch<'static, U>, Many: Fetch<'static, (K, U)>>(
        name: &'static str,
        db: &Db,
        runtime: &Handle,
        one: impl Fn(K) -> One + Send + Sync + 'static,
        many: impl Fn(Vec<K>) -> Many + Clone + Send + Sync + 'static,
    ) -> Self {
        if let Db::Postgres { .. } = db {
            return Self(Way::Together(Together::start(name, db, runtime, many)));
        }
        let db = db.clone();
        Self(Way::Alone(Arc::new(move |key| {
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
            Way::Together(together) => together.find(key).await,
            Way::Alone(find) => find(key).await,
        }
    }
}

impl<K: Clone + Eq + Hash + Send + 'static, U: Clone + Send + 'static> Together<K, U> {
    fn start<Q: Fetch<'static, (K, U)>>(
        name: &'static str,
        db: &Db,
        runtime: &Handle,
        query: impl Fn(Vec<K>) -> Q + Clone + Send + Sync + 'static,
    ) -> Self {
        let (queue, asked) = mpsc::channel(KEYS_MAX);
        let asked = Arc::new(Mutex::new(asked));
        for _ in 0..READERS {
            let reader = Reader { db: db.clone(), asked: asked.clone(), query: query.clone() };
            runtime.spawn(reader.run(Figures::of(name)));
        }
        Self { queue, patience: db.patience() }
    }

    async fn find(&self, key: K) -> Row<U> {
        let (caller, answer) = oneshot::channel();
        let row = async {
            let gone = || PoolError::Unreachable("its readers are gone".to_owned());
            self.queue.send(Waiting { key, caller }).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        };
        let row = timed(Wait::Lookup, timeout(self.patience, row)).await;
        row.unwrap_or(Err(PoolError::Slow.into()))
    }
}

impl<K, U> Clone for Lookups<K, U> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Way::Together(together) => Way::Together(together.clone()),
            Way::Alone(find) => Way::Alone(find.clone()),
        })
    }
}

impl<K, U> Clone for Together<K, U> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), patience: self.patience }
    }
}

/// Takes all that wait, reads, answers, and begins again.
struct Reader<K, U, F> {
    db: Db,
    asked: Arc<Mutex<mpsc::Receiver<Waiting<K, U>>>>,
    query: F,
}

impl<K, U, Q, F> Reader<K, U, F>
where
    K: Clone + Eq + Hash + Send + 'static,
    U: Clone + Send + 'static,
    Q: Fetch<'static, (K, U)>,
    F: Fn(Vec<K>) -> Q + Sync,
{
    async fn run(self, figures: Figures) {
        let mut group: Vec<Waiting<K, U>> = Vec::new();
        while self.gather(&mut group).await {
            // Nobody waits any more when the caller went away.
            group.retain(|waiting| !waiting.caller.is_closed());
            if group.is_empty() {
                continue;
            }
            let keys: Vec<K> = group.iter().map(|waiting| waiting.key.clone()).collect();
            let (start, count) = (Instant::now(), keys.len());
            let rows = self.db.read_all((self.query)(keys)).await;
            figures.note(count, start.elapsed());
            let rows = rows.map(HashMap::<K, U>::from_iter);
            for Waiting { key, caller } in group.drain(..) {
                let row = rows.as_ref().map(|rows| rows.get(&key).cloned());
                let _ = caller.send(row.map_err(Clone::clone));
            }
        }
    }

    /// Takes all that wait, at least one; false when nobody can come any more.
    async fn gather(&self, group: &mut Vec<Waiting<K, U>>) -> bool {
        self.asked.lock().await.recv_many(group, KEYS_MAX).await > 0
    }
}

/// What lookups look like from outside.
struct Figures {
    keys: Histogram,
    seconds: Histogram,
}

impl Figures {
    fn of(name: &'static str) -> Self {
        Self {
            keys: histogram!("cardroom_lookup_keys", "of" => name),
            seconds: histogram!("cardroom_lookup_duration_seconds", "of" => name),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "groups are smaller than 2^52")]
    fn note(&self, keys: usize, time: Duration) {
        self.keys.record(keys as f64);
        self.seconds.record(time);
    }
}
