//! Lanes and connections after panics and cancelled writes.

use std::time::Duration;

use database::group_commit::{Drain, GroupError, GroupWriter, LaneLimits, Lanes};
use database::schema::users;
use database::{DatabaseError, Execute};
use diesel::SqliteConnection;
use diesel_async::AsyncPgConnection;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::behind::Behind;

const LIMITS: LaneLimits = LaneLimits { lanes: 1, queue: 8, group: 8 };

/// Long enough for a statement to be in progress.
const MOMENT: Duration = Duration::from_millis(200);

/// A writer that does nothing, or panics on request.
#[derive(Clone)]
struct PanickingWriter;

/// What the writer does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Request {
    Succeed,
    Panic,
    PanicAfterCommit,
}

impl GroupWriter for PanickingWriter {
    const NAME: &'static str = "touchy";
    type Request = Request;
    type Answer = ();

    fn order(_: &Request) -> impl std::hash::Hash {}

    fn committed(&self, group: &[Request], _: &[()]) {
        assert!(!group.contains(&Request::PanicAfterCommit), "as the test wants it");
    }

    async fn on_postgres(
        &mut self,
        _: &mut AsyncPgConnection,
        group: &[Request],
    ) -> Result<Vec<()>, GroupError> {
        Ok(carry_out(group))
    }

    fn on_sqlite(
        &mut self,
        _: &mut SqliteConnection,
        group: &[Request],
    ) -> Result<Vec<()>, GroupError> {
        Ok(carry_out(group))
    }
}

fn carry_out(group: &[Request]) -> Vec<()> {
    assert!(!group.contains(&Request::Panic), "as the test wants it");
    vec![(); group.len()]
}

fn nothing() -> impl Execute {
    diesel::delete(users::table)
}

#[testkit::on_both_databases]
async fn a_lane_outlives_work_that_panics() {
    let database = testkit::database().await;
    let behind = Behind::at(&database.url);
    let lanes = Lanes::start(
        &PanickingWriter,
        &behind.0,
        LIMITS,
        &Handle::current(),
        &mut Drain::default(),
    );
    for _ in 0..3 {
        assert!(matches!(lanes.commit(Request::Panic).await, Err(DatabaseError::InDoubt)));
        assert!(lanes.commit(Request::Succeed).await.is_ok());
        // The write is committed all the same.
        assert!(lanes.commit(Request::PanicAfterCommit).await.is_ok());
        assert!(lanes.commit(Request::Succeed).await.is_ok());
    }
}

#[testkit::on_both_databases]
async fn a_cancelled_write_does_not_affect_the_next_one() {
    let database = testkit::database().await;
    let (behind, other) = (Behind::at(&database.url), Behind::at(&database.url));
    let lanes = Lanes::start(
        &PanickingWriter,
        &behind.0,
        LIMITS,
        &Handle::current(),
        &mut Drain::default(),
    );
    other
        .while_writes_are_blocked("users", async {
            assert!(timeout(MOMENT, behind.0.write(nothing())).await.is_err());
            // The statement of the cancelled write is still in progress.
            let (lane, write) = (lanes.commit(Request::Succeed), behind.0.write(nothing()));
            let both = timeout(MOMENT, futures::future::join(lane, write)).await;
            if let Ok((lane, write)) = both {
                panic!("nothing held the writes: {lane:?}, {write:?}");
            }
        })
        .await;
    assert!(lanes.commit(Request::Succeed).await.is_ok());
    assert!(behind.0.write(nothing()).await.is_ok());
}
