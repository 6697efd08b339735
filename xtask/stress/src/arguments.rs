//! What can be asked for.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::arrivals::Arrivals;
use crate::objective::Objective;

/// Put the server under load, and say how it held
///
/// Without a scenario: login, save and join, fifty at once, again and again. A scenario is one that
/// `list` names, or `realtime` (people talk in rooms over sockets), `ladder` (more and more users until
/// the objective breaks), `overload` (more than it can do, then silence), `waiting` (others are served
/// while 250 log-ins wait), `slow` (others are served beside 2,000 slow connections), `hang` (every query
/// of PostgreSQL hangs for a while), `soak` (a working day, for long), `figures` (what it is built to hold).
/// `--verify PROFILE` holds a profile to its predictions, as `cargo xtask tune verify` does.
///
/// Exit status: 0 passed, 2 wrong usage, 10 an objective was missed or data was lost, 11 worse than
/// the baseline, 12 nothing can be concluded, 15 no server, 130 interrupted.
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
    /// Name the scenarios and what each is held to.
    List,
    /// Compare two runs, folders or files as printed at the end of each.
    Compare {
        /// What was before.
        before: PathBuf,
        /// What is now.
        after: PathBuf,
    },
    /// Make the reports of a run anew.
    Report {
        /// The folder of the run.
        run: PathBuf,
    },
    /// Keep a run as what later ones are compared with, for machines of its class.
    Promote {
        /// The folder of the run.
        run: PathBuf,
    },
    /// Compare two programs, run in turn, pair by pair.
    Ab(Box<AbArguments>),
    /// Measure what hashing alone reaches, in hashes a second.
    Hash {
        /// Cost of a hash.
        #[arg(long, default_value_t = 10)]
        cost: u32,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AbArguments {
    /// The program before the change.
    pub(crate) before: PathBuf,
    /// The program after it.
    pub(crate) after: PathBuf,
    /// Pairs of runs.
    #[arg(long, default_value_t = 10)]
    pub(crate) pairs: usize,
    #[command(flatten)]
    pub(crate) run: RunArguments,
}

#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct RunArguments {
    /// What to do: see `list`; or realtime, ladder, overload, waiting, slow, hang, soak, figures.
    /// Default: login, save, join.
    pub(crate) scenarios: Vec<String>,
    /// Where the server is: `spawn` starts a release build on a fresh database.
    #[arg(long, value_name = "spawn|URL", default_value = "spawn")]
    pub(crate) target: String,
    /// The database of a spawned server.
    #[arg(long, value_name = "sqlite|postgres", default_value = "sqlite")]
    pub(crate) db: String,
    /// The profile of a spawned server.
    #[arg(long, default_value = "development")]
    pub(crate) profile: String,
    /// A setting of a spawned server, named as in the environment.
    #[arg(long = "set", value_name = "CARDROOM__SECTION__KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// The name of another machine that may be put under load.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_remote: Option<String>,
    /// How load is brought; a burst unless a rate or a time is given.
    #[arg(long)]
    pub(crate) model: Option<ModelName>,
    /// People; several numbers are the rungs of a ladder.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=20000))]
    pub(crate) users: Vec<u16>,
    /// Rooms of `realtime`; `--users` is how many are in each.
    #[arg(long, default_value_t = 1, value_parser = rooms)]
    pub(crate) rooms: usize,
    /// Requests a second of an open loop, messages of `realtime`.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// How arrivals of an open loop are spread.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) arrivals: Arrivals,
    /// How often a burst is repeated.
    #[arg(long)]
    pub(crate) repeat: Option<usize>,
    /// How long a loop runs, as in 500ms, 30s or 10m.
    #[arg(long = "for", value_parser = duration)]
    pub(crate) time: Option<Duration>,
    /// How long a loop runs before it is measured.
    #[arg(long, value_parser = duration, default_value = "1s")]
    pub(crate) warm_up: Duration,
    /// Of the time of a loop, how long it takes until everybody is there, or all of the rate. There is no
    /// warm-up then: what happens meanwhile is what one wants to see.
    #[arg(long, value_parser = duration, default_value = "0s")]
    pub(crate) ramp: Duration,
    /// The scenario of a ladder or an overload.
    #[arg(long, default_value = "save")]
    pub(crate) on: String,
    /// Of what it can do, so much is asked of it in an overload.
    #[arg(long, value_name = "TIMES", default_value_t = 1.5)]
    pub(crate) factor: f64,
    /// Where chance comes from; the same seed gives the same plan.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// What to hold it to besides `perf/slo.toml`, as in 'save.p95 < 50ms'.
    #[arg(long = "threshold", value_name = "OBJECTIVE")]
    pub(crate) thresholds: Vec<Objective>,
    /// A gate of `perf/slo.toml`: short, with headroom.
    #[arg(long)]
    pub(crate) gate: Option<String>,
    /// Compare with the baseline of this machine's class, and fail when it was better.
    #[arg(long)]
    pub(crate) baseline: bool,
    /// Make limits of time so many times wider, and of rate narrower.
    #[arg(long, value_name = "TIMES", default_value_t = 1.0)]
    pub(crate) slo_factor: f64,
    /// Judge although others use the machine too.
    #[arg(long)]
    pub(crate) allow_busy: bool,
    /// Cores that others may use meanwhile, instead of what `perf/slo.toml` says.
    #[arg(long, value_name = "CORES")]
    pub(crate) others_max: Option<f64>,
    /// How often a load is brought at most while something disturbs it.
    #[arg(long, default_value = "3")]
    pub(crate) tries: NonZeroUsize,
    /// Objectives, and how valid runs are told.
    #[arg(long, value_name = "FILE", default_value = "perf/slo.toml")]
    pub(crate) slo: PathBuf,
    /// Where runs are kept.
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
    /// What PostgreSQL's own benchmark reached, in upserts a second.
    #[arg(long, hide = true)]
    pub(crate) pgbench: Option<f64>,
    /// The program of the server to spawn.
    #[arg(long, hide = true)]
    pub(crate) server: Option<PathBuf>,
    /// A migrated database that nobody else uses.
    #[arg(long, env, hide = true, hide_env_values = true)]
    pub(crate) database_url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModelName {
    /// Everybody at the same moment.
    Burst,
    /// Everybody sends again when answered.
    Closed,
    /// So many a second, whatever became of those before.
    Open,
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

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert!(duration("30").is_err() && duration("-1s").is_err());
    }
}
