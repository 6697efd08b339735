//! Readiness, with the state of the database, the pool and the queues.

use std::time::{Duration, Instant};

use actix_web::get;
use actix_web::web::{Data, Json as Answer};
use api::{ErrorBody, Problem};
use database::group_commit::{GroupWriter, Lanes};
use database::{Db, Figures};
use gameplay::Saves;
use rooms::{Heartbeats, Joins, Openings};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::phases::{starting, stopping};
use crate::lifecycle::{Lifecycle, Phase};
use crate::operations::milliseconds;

/// Time limit of the probe of the database. Load balancers give readiness about a second.
const PROBE_MAX: Duration = Duration::from_millis(500);

/// Lifetime of a cached probe: the database is asked once a second at most.
const PROBE_AGE_MAX: Duration = Duration::from_secs(1);

/// The service, ready.
#[derive(Serialize, ToSchema)]
struct ReadyView {
    #[schema(example = "ready")]
    status: &'static str,
    database: DatabaseView,
    pool: PoolFigures,
    queues: Vec<QueueView>,
}

/// How the database is. It is told, and does not decide: without it some requests still work, and
/// no other instance would have a better one.
#[derive(Clone, Copy, Serialize, ToSchema)]
struct DatabaseView {
    /// `up`, `slow` when it did not answer in half a second, or `away`.
    #[schema(example = "up")]
    status: &'static str,
    /// From asking for a connection to the answer, in milliseconds.
    latency_ms: Option<f64>,
    /// How much of it went into waiting for a connection, in milliseconds.
    wait_ms: Option<f64>,
}

/// Connections for requests, counted.
#[derive(Serialize, ToSchema)]
struct PoolFigures {
    /// Connections at most.
    size: usize,
    /// Connections in use.
    in_use: usize,
    /// Callers that wait for a connection.
    waiting: usize,
}

/// A queue of writes that are committed in groups.
#[derive(Serialize, ToSchema)]
struct QueueView {
    #[schema(example = "save")]
    name: &'static str,
    /// Writes that wait.
    waiting: usize,
    /// Writes that may wait.
    capacity: usize,
}

impl From<Figures> for PoolFigures {
    fn from(it: Figures) -> Self {
        let in_use = it.open.saturating_sub(it.idle);
        Self { size: it.size, in_use, waiting: it.waiting }
    }
}

impl QueueView {
    fn of<W: GroupWriter>(lanes: &Lanes<W>) -> Self {
        Self { name: W::NAME, waiting: lanes.waiting(), capacity: lanes.capacity() }
    }
}

/// The last probe of the database.
#[derive(Default)]
pub(crate) struct ProbeCache(Mutex<Option<(Instant, DatabaseView)>>);

impl ProbeCache {
    /// Probes the database unless a recent probe exists; concurrent callers share one.
    async fn take(&self, db: &Db) -> DatabaseView {
        let mut last = self.0.lock().await;
        match *last {
            Some((at, view)) if at.elapsed() < PROBE_AGE_MAX => view,
            _ => {
                let view = DatabaseView::ask(db).await;
                *last = Some((Instant::now(), view));
                view
            }
        }
    }
}

impl DatabaseView {
    async fn ask(db: &Db) -> Self {
        let (status, probe) = match timeout(PROBE_MAX, db.probe()).await {
            Ok(Ok(probe)) => ("up", Some(probe)),
            Ok(Err(_)) => ("away", None),
            Err(_) => ("slow", None),
        };
        let latency_ms = probe.map(|it| milliseconds(it.total));
        Self { status, latency_ms, wait_ms: probe.map(|it| milliseconds(it.wait)) }
    }
}

/// Is it ready for requests
///
/// For who sends requests its way. It is, from the end of its start to the moment when it is asked to
/// stop.
#[utoipa::path(tag = "health", responses(
    (status = 200, description = "It is, and how its database is", body = ReadyView),
    (status = 503, description = "It starts, or it stops", body = ErrorBody),
))]
#[get("/health/ready")]
pub(super) async fn ready(
    lifecycle: Data<Lifecycle>,
    probe_cache: Data<ProbeCache>,
    db: Data<Db>,
    saves: Data<Saves>,
    openings: Data<Openings>,
    joins: Data<Joins>,
    heartbeats: Data<Heartbeats>,
) -> Result<Answer<ReadyView>, Problem> {
    match lifecycle.phase() {
        Phase::Starting => return Err(starting()),
        Phase::Draining => return Err(stopping()),
        Phase::Serving => {}
    }
    let queues = vec![
        QueueView::of(&saves),
        QueueView::of(&openings),
        QueueView::of(&joins),
        QueueView::of(&heartbeats),
    ];
    let database = probe_cache.take(&db).await;
    Ok(Answer(ReadyView { status: "ready", database, pool: db.figures().into(), queues }))
}
