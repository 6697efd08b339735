//! A save that the database refuses.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use super::line::check;
use super::{acknowledged, counsellors, instances, kept, path_of, save};
use crate::app::ask;
use crate::behind::Behind;

/// A trigger that refuses the states of one game, which no rule of the schema does.
const ON_POSTGRES: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'poison'; END
    $$;
    CREATE TRIGGER poison BEFORE INSERT OR UPDATE ON gameplay_states FOR EACH ROW
        WHEN (NEW.gameplay_id = 'poison') EXECUTE FUNCTION refuse();";

/// The same on SQLite.
const ON_SQLITE: &str = "
    CREATE TRIGGER poison BEFORE INSERT ON gameplay_states WHEN NEW.gameplay_id = 'poison'
        BEGIN SELECT RAISE(ABORT, 'poison'); END;";

/// Saves beside the one that is refused.
const OTHERS: usize = 30;

#[testkit::on_both_databases]
async fn a_save_that_the_database_refuses_fails_alone() {
    let apps = instances().await;
    let counsellors = counsellors(&apps[..1]).await;
    let counsellor = &counsellors[0];
    let room = counsellor.room().await;
    let behind = Behind::of(&apps[0]);
    behind.carry_out(ON_POSTGRES, ON_SQLITE).await;

    for round in 0..3 {
        let path = path_of(&room, &format!("game-{round}"));
        let mut of_one = vec![acknowledged(&ask(save(counsellor, &path, "first")).await.1)];
        let send = |n: usize| {
            let game = format!("other-{round}-{}", n / 3);
            let path = match n % 3 {
                0 => path.clone(),
                _ => path_of(&room, &game),
            };
            ask(save(counsellor, &path, &n.to_string()))
        };
        let poison = path_of(&room, "poison");
        let (before, after) = (join_all((0..15).map(send)), join_all((15..OTHERS).map(send)));
        let poisoned = ask(save(counsellor, &poison, "poison"));
        let mut saves = Box::pin(async { futures::join!(before, poisoned, after) });
        // They wait together, so that they are committed in one group.
        let wait = tokio::time::timeout(Duration::from_millis(300), &mut saves);
        let waited = behind.while_writes_are_blocked("gameplay_states", wait).await;
        assert!(waited.is_err(), "nothing held the saves");
        let (before, (status, answer), after) = saves.await;

        assert_eq!((status, &answer["code"]), (500, &json!("internal_error")));
        let answers: Vec<_> = before.into_iter().chain(after).collect();
        assert_eq!(answers.len(), OTHERS);
        for (n, (status, answer)) in answers.iter().enumerate() {
            assert_eq!(*status, 200, "{answer}");
            if n % 3 == 0 {
                of_one.push(acknowledged(answer));
            }
        }
        assert_eq!(check(&of_one, &kept(counsellor, &path).await), Ok(()));
        assert_eq!(ask(counsellor.get(&poison)).await.0, 404);
    }
}
