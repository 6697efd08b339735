//! Measures this machine: what a hash costs, and what the server does under load.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capacity::curve::LEVELS_MIN;
use chrono::Utc;
use stress::machine::{Machine, commit};
use stress::{COMMIT, Run, Section, hash};

use crate::arguments::Programs;
use crate::calibration::{Calibration, HASH_COST, Operation, real};
use crate::history::{self, Entry};
use crate::profile::as_written;
use crate::runner;
use crate::verify::REPEAT;

/// Bursts of one machine differ by so much from minute to minute.
const MARGIN_MIN: f64 = 0.15;

/// Users of the closed loops. The top level is left out when curves are fitted, and predicted by them.
const USERS: &str = "1,2,4,8,16,25,50,100,200";

/// Admits as many requests as any loop has users. With the present limit of the profile no loop would have
/// more requests in progress, and the limit that is computed from the loops would only confirm it.
const AT_ONCE: &str = "CARDROOM__ADMISSION__REQUESTS=256";

/// Users of each burst. Fifty are predicted, less than one and a half times as many.
const BURSTS: [usize; 3] = [12, 24, 36];

/// The scenario that is measured as a read: unlike a room by its code, each takes a connection.
const READ: &str = "load";

/// Measured time of each number of threads.
const HASHING: Duration = Duration::from_millis(1500);

/// Sizes of the pool for which reads are measured.
const POOLS: [usize; 4] = [1, 2, 4, 8];

/// The latest measurement with this kind of database.
pub(crate) fn latest(kind: &str) -> Result<Calibration> {
    let path = path(kind);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("{}: measure first, without --reuse", path.display()))?;
    Ok(toml::from_str(&text)?)
}

fn path(kind: &str) -> PathBuf {
    format!("target/tune/{kind}.toml").into()
}

/// Measures everything, with as many lanes in which writes are committed, and keeps it for `--reuse`.
pub(crate) async fn run(kind: &str, lanes: usize, programs: &Programs) -> Result<Calibration> {
    say("hashing by 1, 2, ... threads");
    let machine = Machine::here();
    let (hashes, hash_step) = hashes(machine.cores)?;
    let history = history::read()?;
    let meter = Meter { kind, lanes, programs, history: &history };
    let save = meter.operation("save").await?;
    let join = meter.operation("join").await?;
    let (read, run) = meter.loops(READ).await?;
    let (pools, pool_rates) =
        if kind == "postgres" { meter.pools().await? } else { Default::default() };
    let (resident_mib, connection_kib) = memory(&run);
    let calibration = Calibration {
        machine: machine.processor,
        cores: machine.cores,
        date: Utc::now().date_naive().to_string(),
        commit: commit(),
        database: kind.to_owned(),
        margin: history::median_error(&history).unwrap_or_default().max(MARGIN_MIN),
        hashes,
        hash_step,
        resident_mib,
        connection_kib,
        pools,
        pool_rates,
        save,
        join,
        read,
    };
    let calibration = as_written(&calibration)?;
    fs::create_dir_all("target/tune")?;
    fs::write(path(kind), toml::to_string(&calibration)?)?;
    Ok(calibration)
}

/// Hashes a second by 1 to twice as many threads as there are cores; and how often a hash is done in the
/// time of one that costs two more.
fn hashes(cores: usize) -> Result<(Vec<f64>, f64)> {
    let rates: Result<Vec<_>> =
        (1..=2 * cores).map(|threads| hash::rate(HASH_COST, threads, HASHING)).collect();
    let rates = rates?;
    let step = rates.first().context("no cores")? / hash::rate(HASH_COST + 2, 1, HASHING)?;
    Ok((rates, step))
}

fn say(what: &str) {
    eprintln!(" measuring   {what}");
}

/// The server on one kind of database.
struct Meter<'a> {
    kind: &'a str,
    lanes: usize,
    programs: &'a Programs,
    history: &'a [Entry],
}

impl Meter<'_> {
    async fn stress(&self, words: &[&str]) -> Result<Run> {
        let lanes = format!("CARDROOM__DATABASE__WRITE_LANES={}", self.lanes);
        let settings = ["--set", AT_ONCE, "--set", &lanes];
        runner::run(self.programs, self.kind, &[words, &settings].concat()).await
    }

    /// Loops and bursts of a scenario.
    async fn operation(&self, name: &str) -> Result<Operation> {
        let (mut operation, _) = self.loops(name).await?;
        for users in BURSTS {
            say(&format!("{name}: {users} at once"));
            let count = users.to_string();
            let burst = self.stress(&[name, "--users", &count, "--repeat", REPEAT]).await?;
            let p95 = burst.sections().first().and_then(|it| it.p95(name));
            operation.people.push(users);
            operation.burst_ms.push(p95.with_context(|| format!("no {name} succeeded"))? / 1e3);
        }
        Ok(operation)
    }

    /// Closed loops of more and more users.
    async fn loops(&self, name: &str) -> Result<(Operation, Run)> {
        say(&format!("{name}: {USERS} users"));
        let times = ["--for", "1500ms", "--warm-up", "500ms"];
        let words = ["ladder", "--on", name, "--users", USERS, "--slo-factor", "100"];
        let run = self.stress(&[&words[..], &times].concat()).await?;
        let rungs = run.rungs();
        ensure!(
            rungs.len() >= LEVELS_MIN,
            "{name}: others use the machine; wait until it is quiet, or --allow-busy"
        );
        let doubtful = run.sections().iter().filter(|it| it.contradicts_little()).count();
        if doubtful > 0 {
            say(&format!("{name}: {doubtful} loops contradict Little's law (F3); measure again"));
        }
        let best = rungs.iter().enumerate().max_by(|(_, a), (_, b)| a.1.total_cmp(&b.1));
        let (place, &(_, best, _)) = best.context("no loop was measured")?;
        let section = &run.sections()[place];
        let [server_us, database_us, generator_us] = demands(section, best);
        let operation = Operation {
            users: rungs.iter().map(|it| it.0).collect(),
            rates: rungs.iter().map(|it| it.1).collect(),
            p95_ms: rungs.iter().map(|it| if it.2.is_nan() { 0.0 } else { it.2 / 1e3 }).collect(),
            server_us,
            database_us,
            generator_us,
            commit_ms: section.mean_ms(COMMIT),
            committing: section.committing() / real(self.lanes),
            open_share: history::open_share(self.history, self.kind, name),
            people: Vec::new(),
            burst_ms: Vec::new(),
        };
        Ok((operation, run))
    }

    /// Reads through pools of several sizes: where a larger one brings nothing.
    async fn pools(&self) -> Result<(Vec<usize>, Vec<f64>)> {
        let mut rates = Vec::new();
        for size in POOLS {
            say(&format!("read: a pool of {size}"));
            let pool = format!("CARDROOM__DATABASE__POOL_SIZE={size}");
            let words = [READ, "--users", "50", "--model", "closed", "--for", "1500ms", "--set"];
            let run = self.stress(&[&words[..], &[&pool]].concat()).await?;
            let rate = run.sections().first().map(|it| it.rate(READ));
            rates.push(rate.filter(|it| *it > 0.0).context("nothing was read")?);
        }
        Ok((POOLS.to_vec(), rates))
    }
}

/// Microseconds of a core that one request needs of the server, the database and the tool (F1).
fn demands(section: &Section, rate: f64) -> [f64; 3] {
    let cores = section.cores();
    let of = |used: f64| capacity::demand::demand(used, rate) * 1e6;
    cores.map_or([0.0; 3], |it| [of(it.server), of(it.database), of(it.ours)])
}

/// Resident memory with one reader, in MiB, and the growth with each further one, in KiB. Each reader saved
/// once: states are cached, and users that keep saving would count several times.
fn memory(run: &Run) -> (f64, f64) {
    let resident = run.sections().iter().filter_map(Section::resident_bytes);
    let resident: Vec<_> = resident.collect();
    let users = run.rungs().last().map_or(1, |it| it.0);
    let (Some(first), Some(last)) = (resident.first(), resident.last()) else { return (0.0, 0.0) };
    let added = (last - first).max(0.0) / real(users.max(2) - 1);
    (first / 1_048_576.0, added / 1024.0)
}
