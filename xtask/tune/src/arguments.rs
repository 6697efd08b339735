//! The command line.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};
use settings::Profile as Env;
use stress::Needs;

use crate::profile::Profile;

/// Compute a profile from what is measured here, explain it, and prove that it fits
///
/// Measures the release server on this machine, solves for every number, and prints what came out;
/// `--write` keeps it in config/tuning. Takes less than three minutes.
///
/// Exit status: 0 fine, 2 wrong usage, 10 a profile breaks an invariant, 12 others used the machine and
/// nothing can be concluded, 13 a prediction was wrong, 14 the target cannot carry the load, 1 anything
/// else.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask tune", bin_name = "cargo xtask tune")]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Option<Task>,
    #[command(flatten)]
    pub(crate) tune: TuneArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Check the committed profiles against the invariants, offline and quickly.
    Check(CheckArguments),
    /// Print the values that a deployment needs.
    Render(RenderArguments),
    /// Hold a profile to its predictions: from half to one and a half times its capacity, and bursts.
    Verify(VerifyArguments),
    /// Write a page about a profile: demands, bottleneck, curve, and the errors of predictions.
    Report {
        #[arg(long, value_parser = env)]
        env: Env,
        #[arg(long, value_name = "FILE", default_value = "target/tune/report.html")]
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TuneArguments {
    /// The profile.
    #[arg(long, value_parser = env, default_value = "development")]
    pub(crate) env: Env,
    /// Cores of one instance.
    #[arg(long, value_name = "CORES")]
    pub(crate) cpu: Option<f64>,
    /// Memory of one instance, in MiB.
    #[arg(long, value_name = "MIB")]
    pub(crate) memory: Option<usize>,
    /// Instances at most.
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_instances: Option<usize>,
    /// sqlite, a plan as supabase-micro, or a postgres:// URL, whose limits are queried.
    #[arg(long, value_name = "NAME|URL")]
    pub(crate) db: Option<String>,
    /// Connect to the database without the pooler.
    #[arg(long)]
    pub(crate) no_pooler: bool,
    /// Requests a second in steady traffic, of all instances.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Sockets that are open at once, on one instance.
    #[arg(long)]
    pub(crate) sockets: Option<usize>,
    /// Users that log in at once.
    #[arg(long)]
    pub(crate) log_ins: Option<usize>,
    /// The longest wait of 95 of 100 of them, in milliseconds.
    #[arg(long, value_name = "MS")]
    pub(crate) log_in_objective: Option<f64>,
    /// Use the latest measurement of this kind of database, or else the one in the profile.
    #[arg(long)]
    pub(crate) reuse: bool,
    /// Write the result to config/tuning.
    #[arg(long)]
    pub(crate) write: bool,
    /// Print the derivation of one number instead, as of `database.pool_size`.
    #[arg(long, value_name = "KEY")]
    pub(crate) explain: Option<String>,
    #[command(flatten)]
    pub(crate) programs: Programs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// One profile.
    #[arg(long, value_parser = env)]
    pub(crate) env: Option<Env>,
    /// Every profile and the files of deploy/, as without `--env`.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RenderArguments {
    #[arg(long, value_parser = env, default_value = "cloud-run")]
    pub(crate) env: Env,
    /// The form.
    #[arg(long = "as", value_enum, default_value = "env")]
    pub(crate) form: Form,
    /// Compare the files in deploy/ instead.
    #[arg(long)]
    pub(crate) check: bool,
    /// Write the files in deploy/ instead.
    #[arg(long)]
    pub(crate) write: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Settings as variables of the environment, for a machine.
    Env,
    /// Sizes of the service as shell variables, for deploy/cloud-run/deploy.sh and service.yaml.
    CloudRun,
    /// The same as Terraform variables, for deploy/cloud-run/main.tf.
    Tfvars,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[arg(long, value_parser = env)]
    pub(crate) env: Env,
    /// Seconds of each step.
    #[arg(long, default_value_t = 4)]
    pub(crate) seconds: u64,
    /// Append nothing to perf/calibration.ndjson.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) programs: Programs,
}

/// Programs and database that `cargo xtask tune` has prepared.
#[derive(Debug, Args)]
pub(crate) struct Programs {
    /// The program of the server.
    #[arg(long, env = "CARDROOM_SERVER", hide = true, default_value = "target/release/cardroom")]
    pub(crate) server: PathBuf,
    /// The load tool.
    #[arg(long, env = "CARDROOM_STRESS", hide = true, default_value = "target/release/stress")]
    pub(crate) stress: PathBuf,
    /// Measure although others use the machine.
    #[arg(long)]
    pub(crate) allow_busy: bool,
    /// A migrated database for this run alone.
    #[arg(long, env, hide = true, hide_env_values = true)]
    pub(crate) database_url: Option<String>,
}

impl Arguments {
    /// The preparations for this command.
    ///
    /// # Errors
    /// When the profile cannot be read.
    pub(crate) fn needs(&self) -> Result<Needs> {
        let on = |kind: &str| Needs::server_on(kind).of_dist();
        let of_profile = |env| Ok(on(Profile::read(env)?.target()?.database.kind()));
        match &self.task {
            Some(Task::Verify(it)) => of_profile(it.env),
            Some(_) => Ok(Needs::default()),
            None if self.tune.reuse || self.tune.explain.is_some() => Ok(Needs::default()),
            None => match self.tune.db.as_deref() {
                Some("sqlite") => Ok(on("sqlite")),
                Some(_) => Ok(on("postgres")),
                None => of_profile(self.tune.env),
            },
        }
    }
}

fn env(text: &str) -> Result<Env, String> {
    text.parse().map_err(|error: settings::UnknownProfile| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn only_what_measures_needs_a_server() {
        let needs = |words: &str| {
            let words = ["tune"].into_iter().chain(words.split_whitespace());
            Arguments::parse_from(words).needs().unwrap()
        };
        for words in ["check --all", "render", "report --env test", "--reuse", "--explain a.b"] {
            assert_eq!(needs(words), Needs::default(), "{words}");
        }
        assert_eq!(needs("--db sqlite"), Needs::server_on("sqlite").of_dist());
        assert_eq!(needs("--db supabase-micro"), Needs::server_on("postgres").of_dist());
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
