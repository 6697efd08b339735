//! Every query hangs for a while: is everybody told so in time, and is all well again afterwards?

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::time::sleep_until;
use tokio_postgres::NoTls;

use super::figures::figure;
use super::overload::{recovery, usual_row};
use super::{Session, find};
use crate::arrivals::Arrivals;
use crate::engine::{Course, Model};
use crate::person::Person;
use crate::tally::Recording;
use crate::validity::Check;

/// How long the queries hang.
const TIME: Duration = Duration::from_secs(20);

/// Requests a second, and people enough for all that wait.
const RATE: f64 = 100.0;
const PEOPLE: usize = 1500;

/// People while nobody waits.
const FEW: usize = 200;

const EASE: Duration = Duration::from_secs(6);

/// How long anybody waits at most, by the settings: a slot (0.5 s), a connection (2 s), a statement
/// (5 s), and once more a statement that was under way when one came to the queue of a lane; and a
/// second for all the rest.
const ANSWERED_MAX: Duration = Duration::from_millis(13_500);

/// Tables behind views and triggers that sleep when they are touched. Until when is in a table, so that
/// the end takes no locks.
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
        // While queries hang nobody can open a room.
        let quick = find("quick")?;
        let before = self.ready(quick, FEW).await?;
        let hanging = self.ready(quick, PEOPLE).await?;
        let after = self.ready(quick, PEOPLE).await?;
        let later = self.ready(quick, FEW).await?;
        let before = self.at_ease("before", EASE, &[], before).await?;
        let begin = Instant::now();
        self.put_to_sleep().await?;
        self.progress.say("every query hangs");
        // It ends before the queries do, so that all of it is about them.
        let rest = TIME.saturating_sub(begin.elapsed() + Duration::from_secs(1));
        let objectives = ["health.success = 100%", "health.p99 < 20ms"];
        let hanging = self.at_ease("every query hangs", rest, &objectives, hanging).await?;
        let section = &mut self.sections[hanging];
        section.checks.retain(|check| check.name != "dropped arrivals");
        section.claims = claims(&section.recording);
        sleep_until((begin + TIME).into()).await;
        let after = self.at_ease("right after", EASE * 2, &[], after).await?;
        let usual = usual_row(&self.sections[before].recording.slots);
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
        people: Vec<Person>,
    ) -> Result<usize> {
        let course = Course::new(Duration::ZERO, time);
        let model = Model::Open { rate: RATE, arrivals: Arrivals::Poisson, course };
        let part = figure(name, "quick", model, people.len(), 1, objectives)?;
        self.measure_with(part, Some(people)).await
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

/// A view that sleeps in place of each table, and a trigger for what only writes.
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
        Check {
            name: "the longest anybody waited for an answer".to_owned(),
            value: format!("{:.1} s", longest.as_secs_f64()),
            limit: format!("<= {} s", ANSWERED_MAX.as_secs_f64()),
            ok: longest <= ANSWERED_MAX,
        },
        Check {
            name: "answers".to_owned(),
            value: format!("{refused} refused with 503 or 429, {failed} failed otherwise"),
            limit: "some refused, none failed".to_owned(),
            ok: refused > 0 && failed == 0,
        },
    ]
}
