//! Connections that the database ends.

use std::time::Duration;

use futures::future::join_all;

use crate::app::TestApp;
use crate::behind::Behind;

/// How long the server may take to notice that a connection has ended.
const NEWS: Duration = Duration::from_millis(500);

/// Ends all connections to this database except the caller's, and waits for their end.
const END_ALL: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[testkit::on_both_databases]
async fn connections_that_the_server_ended_are_replaced_before_they_are_lent() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let behind = Behind::of(&app);
    for round in 0..3 {
        let path = format!("/api/rooms/by-code/{}", room.code);
        let reads = async || {
            let answers = join_all((0..20).map(|_| app.get(&path).send())).await;
            let answers = answers.into_iter().map(|it| it.unwrap().status().as_u16());
            answers.collect::<Vec<_>>()
        };
        assert_eq!(reads().await, [200; 20]);

        behind.carry_out(END_ALL, "SELECT 1").await;
        tokio::time::sleep(NEWS).await;

        assert_eq!(reads().await, [200; 20]);
        let joined = app.join(&room.code, &format!("session-{round}")).await;
        assert_eq!(joined.status(), 201, "nor does a lane try a dead connection");
    }
}
