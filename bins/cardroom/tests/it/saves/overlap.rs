//! Two instances that save the same documents at once.

use std::time::Duration;

use futures::future::join_all;
use testkit::Kind;
use tokio_postgres::NoTls;

use super::{counsellors, instances, path_of, save};
use crate::app::ask;

/// Documents that both instances save.
const ROOMS: usize = 12;

/// Saves of each document by each instance in a round.
const SAVES: usize = 3;

/// Rounds: enough for many groups with cached documents and without.
const ROUNDS: usize = 30;

/// The interval at which a session of PostgreSQL reports its statistics, and a little more.
const COUNTS_AFTER: Duration = Duration::from_millis(1_100);

/// SQLite allows one instance, so this test runs on PostgreSQL only.
mod two_instances_that_save_the_same_rooms_do_not_deadlock {
    use super::*;

    #[test]
    fn postgres() {
        testkit::run(Kind::Postgres, async {
            let apps = instances().await;
            let counsellors = counsellors(&apps).await;
            let mut paths = Vec::new();
            for _ in 0..ROOMS {
                paths.push(path_of(&counsellors[0].room().await, "game"));
            }
            let save_all = async |saves: usize, round: usize| {
                // Each round starts at another room, so that groups overlap in part.
                let requests = (0..saves * ROOMS * counsellors.len()).map(|n| {
                    let path = &paths[(n * 7 + round) % ROOMS];
                    ask(save(&counsellors[n % counsellors.len()], path, &format!("{round}-{n}")))
                });
                for (status, answer) in join_all(requests).await {
                    assert_eq!(status, 200, "{answer}");
                }
            };
            for round in 0..ROUNDS {
                save_all(SAVES, round).await;
            }
            tokio::time::sleep(COUNTS_AFTER).await;
            save_all(1, ROUNDS).await;

            let url = apps[0].database.url.expose().into_owned();
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(connection);
            let counted = "SELECT deadlocks, xact_commit FROM pg_stat_database
                WHERE datname = current_database()";
            let row = client.query_one(counted, &[]).await.unwrap();
            let (deadlocks, commits): (i64, i64) = (row.get(0), row.get(1));
            assert!(commits > 100, "nothing was counted: {commits}");
            assert_eq!(deadlocks, 0);
        });
    }
}
