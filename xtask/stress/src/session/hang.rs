//! Every query of PostgreSQL sleeps for a while: requests have to be refused in time, and the server has to
//! recover.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::time::sleep_until;
use tokio_postgres::NoTls;

use super::overload::{recovery, usual_row};
use super::{Part, Session, find};
use crate::finding::Check;
use crate::load::Model;
use crate::tally::Recording;
use crate::user::User;
use crate::validity::DROPPED;

/// Time that the queries sleep.
const TIME: Duration = Duration::from_secs(20);

/// Requests a second, and enough users for all requests that wait.
const RATE: f64 = 100.0;
const USERS: usize = 1500;

/// Users while none waits.
const FEW: usize = 200;

const EASE: Duration = Duration::from_secs(6);

/// The longest wait by the settings: for a slot (0.5 s), a connection (2 s), a statement (5 s), and once more
/// a statement that was running when the request entered the queue of a lane; and a second for the rest.
const ANSWERED_MAX: Duration = Duration::from_millis(13_500);

/// Views and triggers that sleep when they are touched. The end is in a table, so that it takes no locks.
const HANG: &str = "
    CREATE TABLE hang AS SELECT clock_timestamp() + interval '20 s' AS till;
    CREATE FUNCTION hang() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF (SELECT till > clock_timestamp() FROM hang) THEN PERFORM pg_sleep(20); END IF;
        RETURN true;
    END $$;
    CREATE FUNCTION hang_writing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM hang();
        RETURN NULL;
    END $$;";

const TABLES: [&str; 5] = ["users", "sessions", "rooms", "visitors", "gameplay_states"];

impl Session<'_> {
    pub(super) async fn hang(&mut self) -> Result<()> {
        ensure!(self.arguments.db == "postgres", "queries hang on PostgreSQL: say --db postgres");
        // While queries sleep no room can be opened.
        let quick = find("quick")?;
        let before = self.ready(quick, FEW).await?;
        let hanging = self.ready(quick, USERS).await?;
        let after = self.ready(quick, USERS).await?;
        let later = self.ready(quick, FEW).await?;
        let before = self.at_ease("before", EASE, &[], before).await?;
        let begin = Instant::now();
        self.put_to_sleep().await?;
        self.progress.say("every query hangs");
        // It ends before the queries wake up.
        let rest = TIME.saturating_sub(begin.elapsed() + Duration::from_secs(1));
        let objectives = ["health.success = 100%", "health.p99 < 20ms"];
        let hanging = self.at_ease("every query hangs", rest, &objectives, hanging).await?;
        let section = &mut self.sections[hanging];
        section.checks.retain(|check| check.name != DROPPED);
        section.claims = claims(&section.recording);
        // The database stands still, not the server.
        section.standstill = None;
        sleep_until((begin + TIME).into()).await;
        let after = self.at_ease("right after", EASE * 2, &[], after).await?;
        let usual = usual_row(&self.sections[before].recording.slots.all);
        let section = &mut self.sections[after];
        section.claims.push(recovery(&section.recording.slots, usual));
        let all = ["save.success = 100%", "join.success = 100%", "read.success = 100%"];
        self.at_ease("later", EASE, &all, later).await?;
        Ok(())
    }

    async fn at_ease(
        &mut self,
        name: &str,
        time: Duration,
        objectives: &[&str],
        users: Vec<User>,
    ) -> Result<usize> {
        let model = Model::open(RATE, Duration::ZERO, time);
        let part = Part::new(name, "quick", model, users.len(), objectives)?;
        self.measure_with(part, Some(users)).await
    }

    async fn put_to_sleep(&self) -> Result<()> {
        let url = self.arguments.database_url.as_deref().context("no DATABASE_URL")?;
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        let task = tokio::spawn(connection);
        client.batch_execute(&format!("BEGIN; {HANG} {} COMMIT", sleepers())).await?;
        drop(client);
        Ok(task.await??)
    }
}

/// A view that sleeps in place of each table, and a trigger for statements that only write.
fn sleepers() -> String {
    let sleeper = |table: &str| {
        format!(
            "ALTER TABLE {table} RENAME TO {table}_there;
             CREATE VIEW {table} AS SELECT * FROM {table}_there WHERE hang();
             CREATE TRIGGER hang BEFORE INSERT OR UPDATE ON {table}_there
                 FOR EACH STATEMENT EXECUTE FUNCTION hang_writing();"
        )
    };
    TABLES.map(sleeper).concat()
}

fn claims(recording: &Recording) -> Vec<Check> {
    let others = recording.steps.iter().filter(|(step, _)| *step != "health");
    let (mut refused, mut failed, mut longest) = (0, 0, 0);
    for (_, tally) in others {
        refused += tally.refusals();
        failed += tally.failed;
        longest = longest.max(tally.longest());
    }
    let longest = Duration::from_micros(longest);
    vec![
        Check::new(
            "the longest wait for an answer",
            format!("{:.1} s", longest.as_secs_f64()),
            format!("<= {} s", ANSWERED_MAX.as_secs_f64()),
            longest <= ANSWERED_MAX,
        ),
        Check::new(
            "answers",
            format!("{refused} refused with 503 or 429, {failed} failed otherwise"),
            "some refused, none failed",
            refused > 0 && failed == 0,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hanging_database_has_to_lead_to_refusals_in_time() {
        let mut recording = Recording::default();
        let ok =
            |recording: &Recording| claims(recording).iter().map(|it| it.ok).collect::<Vec<_>>();
        assert_eq!(ok(&recording), [true, false], "nothing was refused");

        let tally = recording.steps.entry("save".into()).or_default();
        tally.refused.insert(503, 1);
        tally.unserved.record(Duration::from_secs(5));
        assert_eq!(ok(&recording), [true, true]);

        recording.steps.entry("join".into()).or_default().unserved.record(Duration::from_secs(20));
        assert_eq!(ok(&recording), [false, true]);
    }
}
