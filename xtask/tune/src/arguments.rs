//! What can be asked for.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use settings::Profile as Env;

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
    /// Look whether committed profiles break an invariant. Offline, and quick.
    Check(CheckArguments),
    /// Print what a platform has to be told.
    Render(RenderArguments),
    /// Hold a profile to what it predicts: from half to one and a half times its capacity, and bursts.
    Verify(VerifyArguments),
    /// Write a page about a profile: demands, bottleneck, curve, and how good predictions were.
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
    /// sqlite, a plan as supabase-micro, or a postgres:// URL, which is asked for its limits.
    #[arg(long, value_name = "NAME|URL")]
    pub(crate) db: Option<String>,
    /// Go past the pooler, straight to the database.
    #[arg(long)]
    pub(crate) no_pooler: bool,
    /// Requests a second in steady traffic, of all instances.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Sockets that are open at once, on one instance.
    #[arg(long)]
    pub(crate) sockets: Option<usize>,
    /// People who log in at once.
    #[arg(long)]
    pub(crate) log_ins: Option<usize>,
    /// What 95 of 100 of them wait at most, in milliseconds.
    #[arg(long, value_name = "MS")]
    pub(crate) log_in_objective: Option<f64>,
    /// Take the latest measurement of this kind of database instead of measuring.
    #[arg(long)]
    pub(crate) reuse: bool,
    /// Keep the result in config/tuning.
    #[arg(long)]
    pub(crate) write: bool,
    /// Print how one number came about instead, as of `database.pool_size`.
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
    /// Every profile, and the files of deploy/; the same as without `--env`.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RenderArguments {
    #[arg(long, value_parser = env, default_value = "cloud-run")]
    pub(crate) env: Env,
    /// The form.
    #[arg(long = "as", value_enum, required_unless_present_any = ["check", "write"])]
    pub(crate) form: Option<Form>,
    /// Compare the files in deploy/ instead.
    #[arg(long)]
    pub(crate) check: bool,
    /// Write the files in deploy/ instead.
    #[arg(long)]
    pub(crate) write: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Arguments of `gcloud run deploy`.
    Gcloud,
    /// A Knative service, for `gcloud run services replace`.
    ServiceYaml,
    /// A resource `google_cloud_run_v2_service`.
    Terraform,
    /// Variables of the environment, for machines of one's own.
    Env,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[arg(long, value_parser = env)]
    pub(crate) env: Env,
    /// Seconds of each step.
    #[arg(long, default_value_t = 4)]
    pub(crate) seconds: u64,
    /// Keep nothing in perf/calibration.ndjson.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) programs: Programs,
}

/// What `cargo xtask` has built and started.
#[derive(Debug, Args)]
pub(crate) struct Programs {
    /// The program of the server.
    #[arg(long, hide = true, default_value = "target/release/cardroom")]
    pub(crate) server: PathBuf,
    /// The program that brings the load.
    #[arg(long, hide = true, default_value = "target/release/stress")]
    pub(crate) stress: PathBuf,
    /// Measure although others use the machine too.
    #[arg(long)]
    pub(crate) allow_busy: bool,
    /// A migrated database that nobody else uses.
    #[arg(long, env, hide = true, hide_env_values = true)]
    pub(crate) database_url: Option<String>,
}

fn env(text: &str) -> Result<Env, String> {
    text.parse().map_err(|error: settings::UnknownProfile| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
