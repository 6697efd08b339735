//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::load::Arrivals;
use crate::needs::Needs;
use crate::objective::Objective;

/// Put the server under load, and report whether it met its objectives
///
/// Without a scenario: login, save and join, fifty at once, again and again. `list` shows all scenarios.
///
/// Exit status: 0 passed, 1 the tool failed, 2 wrong usage, 10 an objective was missed or data was lost,
/// 11 worse than the baseline, 12 nothing can be concluded, 15 no server, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask stress", bin_name = "cargo xtask stress")]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Option<Task>,
    #[command(flatten)]
    pub(crate) run: RunArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// List everything that can be run, with its objectives.
    List,
    /// Compare two runs, folders or files as printed at the end of each.
    Compare {
        /// The earlier run.
        before: PathBuf,
        /// The later run.
        after: PathBuf,
    },
    /// Render the reports of a run again.
    Report {
        /// The folder of the run.
        run: PathBuf,
    },
    /// Store a run as the baseline for machines of its class.
    Promote {
        /// The folder of the run.
        run: PathBuf,
    },
    /// Compare the server of another revision with this one, run in turn, pair by pair.
    Ab(Box<AbArguments>),
    /// End the server under load, again and again, and check what survived.
    Survive(SurviveArguments),
    /// Measure the start and the idle memory of the server, and hold them to their targets.
    Footprint {
        /// Starts to measure.
        #[arg(long, default_value_t = 20)]
        starts: usize,
        #[command(flatten)]
        program: Program,
    },
    /// Measure the rate of hashing alone, in hashes a second.
    Hash {
        /// Cost of a hash.
        #[arg(long, default_value_t = 10)]
        cost: u32,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AbArguments {
    /// The revision before the change.
    #[arg(long, value_name = "REVISION")]
    pub(crate) base: String,
    /// The program of that revision.
    #[arg(long, env = "CARDROOM_BASE", hide = true)]
    pub(crate) before: Option<PathBuf>,
    /// Pairs of runs.
    #[arg(long, default_value_t = 10)]
    pub(crate) pairs: usize,
    #[command(flatten)]
    pub(crate) run: RunArguments,
}

/// Each round starts the release build, lets twenty users save, patch, restore and join at once, ends the
/// server at a random moment, starts it again, and reads back everything that it had acknowledged.
#[derive(Debug, Args)]
pub(crate) struct SurviveArguments {
    /// The signal.
    #[arg(long, value_enum)]
    pub(crate) signal: Ending,
    /// Leave out the other database.
    #[arg(long, value_name = "sqlite|postgres")]
    pub(crate) db: Option<String>,
    /// Rounds on each database.
    #[arg(long, default_value_t = 100)]
    pub(crate) rounds: u32,
    /// The seed of the random moments and requests; printed, so that a run can be repeated.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) program: Program,
    #[arg(long, env, hide = true, hide_env_values = true)]
    pub(crate) database_url: Option<String>,
}

/// A way to end a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ending {
    /// SIGKILL: nothing acknowledged may be lost.
    Kill,
    /// SIGTERM: besides, no answer may be cut off, and it has to stop in time.
    Term,
}

/// The release build of the server.
#[derive(Clone, Debug, Args)]
pub(crate) struct Program {
    #[arg(long, env = "CARDROOM_SERVER", hide = true)]
    pub(crate) server: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct RunArguments {
    /// What to run: see `list`. Default: login, save, join.
    pub(crate) scenarios: Vec<String>,
    /// The server: `spawn` starts a release build on a fresh database.
    #[arg(long, value_name = "spawn|URL", default_value = "spawn")]
    pub(crate) target: String,
    /// The database of a spawned server.
    #[arg(long, value_name = "sqlite|postgres", default_value = "sqlite")]
    pub(crate) db: String,
    /// The profile of a spawned server: development, unless the scenario is about another one.
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// A setting of a spawned server, named as in the environment.
    #[arg(long = "set", value_name = "CARDROOM__SECTION__KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// Another machine that may be put under load.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_remote: Option<String>,
    /// The model of the load; a burst unless a rate or a time is given.
    #[arg(long)]
    pub(crate) model: Option<ModelName>,
    /// Users; several numbers are the rungs of a ladder.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=20000))]
    pub(crate) users: Vec<u16>,
    /// Rooms of `realtime`, with `--users` members each.
    #[arg(long, default_value_t = 1, value_parser = rooms)]
    pub(crate) rooms: usize,
    /// Requests a second of an open loop, messages of `realtime`.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// The distribution of arrivals in an open loop.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) arrivals: Arrivals,
    /// Repetitions of a burst.
    #[arg(long)]
    pub(crate) repeat: Option<usize>,
    /// Time of a loop, as in 500ms, 30s or 10m.
    #[arg(long = "for", value_parser = duration)]
    pub(crate) time: Option<Duration>,
    /// Time of a loop before it is measured.
    #[arg(long, value_parser = duration, default_value = "1s")]
    pub(crate) warm_up: Duration,
    /// Part of the time in which users, or the rate, grow; there is no warm-up then.
    #[arg(long, value_parser = duration, default_value = "0s")]
    pub(crate) ramp: Duration,
    /// The scenario of a ladder or an overload.
    #[arg(long, default_value = "save")]
    pub(crate) on: String,
    /// Demand of an overload, as a multiple of the capacity.
    #[arg(long, value_name = "TIMES", default_value_t = 1.5)]
    pub(crate) factor: f64,
    /// The seed of arrivals and choices.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// An objective besides those of `perf/slo.toml`, as in 'save.p95 < 50ms'.
    #[arg(long = "threshold", value_name = "OBJECTIVE")]
    pub(crate) thresholds: Vec<Objective>,
    /// A gate of `perf/slo.toml`: a short run with headroom.
    #[arg(long)]
    pub(crate) gate: Option<String>,
    /// Compare with the baseline of this class of machine, and fail when it was better.
    #[arg(long)]
    pub(crate) baseline: bool,
    /// Relax limits of time and rate by this factor.
    #[arg(long, value_name = "TIMES", default_value_t = 1.0)]
    pub(crate) slo_factor: f64,
    /// Judge although others use the machine.
    #[arg(long)]
    pub(crate) allow_busy: bool,
    /// Cores that others may use, instead of those in `perf/slo.toml`.
    #[arg(long, value_name = "CORES")]
    pub(crate) others_max: Option<f64>,
    /// Tries of a load that the machine or the generator disturbs.
    #[arg(long, default_value = "3")]
    pub(crate) tries: NonZeroUsize,
    /// Objectives and limits of validity.
    #[arg(long, value_name = "FILE", default_value = "perf/slo.toml")]
    pub(crate) slo: PathBuf,
    /// The folder of the runs.
    #[arg(long, value_name = "FOLDER", default_value = "target/stress")]
    pub(crate) out: PathBuf,
    /// Print the run as JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Append a table to the file that `GITHUB_STEP_SUMMARY` names.
    #[arg(long)]
    pub(crate) github: bool,
    /// Write a table of all figures to this file, as in docs/PERFORMANCE.md.
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
    /// The program of the server to spawn.
    #[arg(long, env = "CARDROOM_SERVER", hide = true)]
    pub(crate) server: Option<PathBuf>,
    /// A migrated database for this run alone.
    #[arg(long, env, hide = true, hide_env_values = true)]
    pub(crate) database_url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModelName {
    /// All users at the same moment.
    Burst,
    /// Each user sends again when answered.
    Closed,
    /// A rate of arrivals, whatever became of those before.
    Open,
}

impl Arguments {
    /// The preparations for this command.
    pub(crate) fn needs(&self) -> Needs {
        let both = ["sqlite", "postgres"].map(str::to_owned).to_vec();
        match &self.task {
            None if self.run.target != "spawn" => Needs::default(),
            None => {
                let beside = self.run.scenarios.iter().any(|it| it == "figures" || it == "bench");
                let pgbench = beside && self.run.db == "postgres";
                Needs { pgbench, dist: beside, ..Needs::server_on(&self.run.db) }
            }
            Some(Task::Ab(it)) => {
                Needs { base: Some(it.base.clone()), ..Needs::server_on("sqlite") }.of_dist()
            }
            Some(Task::Survive(it)) => {
                let databases = it.db.as_ref().map_or(both, |db| vec![db.clone()]);
                Needs { server: true, databases, ..Needs::default() }
            }
            Some(Task::Footprint { .. }) => Needs { server: true, ..Needs::default() }.of_dist(),
            Some(_) => Needs::default(),
        }
    }
}

impl RunArguments {
    pub(crate) fn users(&self) -> Option<usize> {
        self.users.first().map(|&it| it.into())
    }
}

fn rooms(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|it| (1..=10_000).contains(it)).ok_or("not 1 to 10000".to_owned())
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("no `=`")?;
    if !key.starts_with("CARDROOM__") {
        return Err("settings begin with CARDROOM__".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}

fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let found = units
        .iter()
        .find_map(|(unit, seconds)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * seconds));
    found.and_then(|it| Duration::try_from_secs_f64(it).ok()).ok_or("not as in 30s".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[track_caller]
    fn needs(words: &str) -> Needs {
        Arguments::parse_from(["stress"].into_iter().chain(words.split_whitespace())).needs()
    }

    #[test]
    fn a_command_that_only_reads_needs_nothing() {
        for words in ["list", "compare a b", "report a", "promote a", "hash", "--target http://a"] {
            assert_eq!(needs(words), Needs::default(), "{words}");
        }
    }

    #[test]
    fn a_run_needs_a_server_on_its_database() {
        assert_eq!(needs(""), Needs::server_on("sqlite"));
        assert_eq!(needs("save --db postgres"), Needs::server_on("postgres"));
        assert!(needs("figures --db postgres").pgbench && !needs("figures").pgbench);
        assert_eq!(needs("ab --base main save").base.as_deref(), Some("main"));
        assert_eq!(needs("survive --signal kill").databases, ["sqlite", "postgres"]);
        assert_eq!(needs("survive --signal term --db sqlite").databases, ["sqlite"]);
        assert!(needs("footprint").server && needs("footprint").databases.is_empty());
    }

    #[test]
    fn figures_are_taken_of_the_build_that_is_deployed() {
        for words in ["figures", "bench", "footprint", "ab --base main save"] {
            assert!(needs(words).dist, "{words}");
        }
        assert!(!needs("save").dist && !needs("survive --signal kill").dist);
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert!(duration("30").is_err() && duration("-1s").is_err());
    }
}
