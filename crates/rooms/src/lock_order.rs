//! Groups of joins, heartbeats and leaves on the same visitors, by two instances, on both databases.

use std::time::{Duration, Instant};

use chrono::Utc;
use database::Db;
use database::group_commit::{Drain, LaneLimits, Lanes};
use diesel::prelude::{QueryResult, QueryableByName};
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures::future::join_all;
use ids::VisitorId;
use rand::seq::SliceRandom;
use settings::{DatabaseUrl, Environment};
use testkit::on_both_databases;
use tokio::runtime::Handle;

use crate::fixture;
use crate::heartbeat::{HeartbeatWriter, Heartbeats};
use crate::join::{Join, JoinWriter, Joins};
use crate::share_code::ShareCode;
use crate::visit;
use crate::visitor::{SessionKey, VisitorName};

/// Long enough for dozens of deadlocks where the order of locks is wrong.
const TIME: Duration = Duration::from_secs(3);

/// Visitors of the room, who fit into one group.
const VISITORS: usize = 200;

/// An instance: lanes of its own on the common database.
struct Instance {
    db: Db,
    joins: Joins,
    heartbeats: Heartbeats,
}

impl Instance {
    fn start(url: &DatabaseUrl) -> Self {
        let url = url.expose();
        let environment = Environment::new([("CARDROOM_PROFILE", "test"), ("DATABASE_URL", &url)]);
        let settings = settings::load(&environment).unwrap().settings.database;
        let runtime = Handle::current();
        let db = Db::open(&settings, &runtime).unwrap();
        let limits = LaneLimits::of(&settings);
        let mut drain = Drain::default();
        Self {
            joins: Lanes::start(&JoinWriter::new(1_000), &db, limits, &runtime, &mut drain),
            heartbeats: Lanes::start(&HeartbeatWriter, &db, limits, &runtime, &mut drain),
            db,
        }
    }
}

#[on_both_databases]
async fn rejoins_heartbeats_and_leaves_of_two_instances_never_deadlock() {
    let database = testkit::database().await;
    let watch = Instance::start(&database.url).db;
    detect_deadlocks_at_once(&watch).await;
    let code = fixture::room(&watch).await;
    let [first, second] = [Instance::start(&database.url), Instance::start(&database.url)];
    let joined = join_all((0..VISITORS).map(|n| first.joins.commit(join(&code, n)))).await;
    let ids: Vec<VisitorId> = joined.into_iter().map(|it| it.unwrap().unwrap().id).collect();

    let end = Instant::now() + TIME;
    let rejoins = async |instance: &Instance| {
        while Instant::now() < end {
            let joins = shuffled().into_iter().map(|n| instance.joins.commit(join(&code, n)));
            join_all(joins).await.into_iter().for_each(|it| drop(it.unwrap().unwrap()));
        }
    };
    let heartbeats = async |instance: &Instance| {
        while Instant::now() < end {
            let beats =
                shuffled().into_iter().map(|n| instance.heartbeats.commit((ids[n], Utc::now())));
            join_all(beats).await.into_iter().for_each(|it| drop(it.unwrap()));
        }
    };
    let leaves = async |instance: &Instance| {
        while Instant::now() < end {
            for n in shuffled() {
                visit::leave(&instance.db, ids[n]).await.unwrap();
            }
        }
    };
    futures::join!(
        rejoins(&first),
        rejoins(&second),
        heartbeats(&first),
        heartbeats(&second),
        leaves(&first),
        leaves(&second),
    );

    drop((first, second));
    assert_eq!(deadlocks(&watch).await, 0);
}

fn join(code: &ShareCode, session: usize) -> Join {
    Join {
        code: code.clone(),
        name: VisitorName::parse("Mei").unwrap(),
        session_id: SessionKey::parse(&format!("session-{session}")).unwrap(),
        at: Utc::now(),
    }
}

fn shuffled() -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..VISITORS).collect();
    numbers.shuffle(&mut rand::rng());
    numbers
}

/// Lets connections that are opened from now on detect a deadlock within milliseconds instead of a second,
/// so that many fit into a test.
async fn detect_deadlocks_at_once(db: &Db) {
    if let Db::Postgres { pool, .. } = db {
        let setting = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''5ms''', \
                       current_database()); END $$";
        pool.get().await.unwrap().batch_execute(setting).await.unwrap();
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Deadlocks of the database since it was created. A connection reports them when it ends, so this waits
/// for all others. SQLite, with its single writer, has none.
async fn deadlocks(db: &Db) -> i64 {
    let Db::Postgres { pool, .. } = db else { return 0 };
    let mut connection = pool.get().await.unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut open = count(&mut connection, others).await;
    for _ in 0..400 {
        if open == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        open = count(&mut connection, others).await;
    }
    assert_eq!(open, 0, "connections that did not end have not reported their deadlocks");
    let deadlocks = "SELECT deadlocks AS count FROM pg_stat_database \
                     WHERE datname = current_database()";
    count(&mut connection, deadlocks).await
}

async fn count(connection: &mut AsyncPgConnection, query: &str) -> i64 {
    let rows: QueryResult<Vec<Count>> =
        RunQueryDsl::load(diesel::sql_query(query), connection).await;
    rows.unwrap()[0].count
}
