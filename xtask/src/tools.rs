//! The tasks that drive a release build from outside: the packages `stress`, `fanout` and `tune`.
//!
//! Each is a program that prints its needs when called with `needs ARGUMENTS…`. They are built and started
//! here, and the program is called with the arguments alone, which only it parses.

use std::error::Error;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;
use testkit::cluster::Cluster;
use testkit::{Kind, TestDatabase};

use crate::commands::{self, DIST, build_profile, cargo, profile_folder, program, target_folder};
use crate::interop::npm_ci;

/// The other servers that `fanout` compares with, and their lock file.
const SERVERS: &str = "xtask/fanout/servers";

/// The arguments of a tool, which parses them itself.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Words {
    /// See `--help`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// The database of a task that has a shorter name of its own.
#[derive(Debug, clap::Args)]
pub(crate) struct On {
    /// Leave out the other database.
    #[arg(long, value_name = "sqlite|postgres")]
    db: Option<Kind>,
}

/// A tool: its package, and whether it is built as the server is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Stress,
    Fanout,
    /// Mostly offline, and quickly built; it calls `stress`.
    Tune,
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::Stress => "stress",
            Self::Fanout => "fanout",
            Self::Tune => "tune",
        }
    }

    /// Builds the program; returns its path.
    ///
    /// The server is selected as well, though not built: dependencies then have the features that it needs,
    /// and the artifacts of `cargo run --release` are reused.
    async fn build(self) -> Result<String> {
        let mut build = cargo();
        build.args(["build", "--quiet", "--package", self.name(), "--bin", self.name()]);
        let profile = build_profile(false);
        let folder = if self == Self::Tune {
            "debug"
        } else {
            build.args(["--package=cardroom", "--profile", &profile]);
            profile_folder(&profile)
        };
        if self == Self::Fanout {
            build.args(["--bin", "floor"]);
        }
        commands::run(&mut build).await?;
        Ok(target_folder()?.join(folder).join(self.name()).display().to_string())
    }

    /// Runs the tool with these arguments, once its needs are met.
    pub(crate) async fn run(self, words: &[String]) -> Result<()> {
        let line = [&[self.build().await?], words].concat();
        let needs = Needs::of(&line).await?;
        let mut environment = Vec::new();
        if needs.server {
            let server = commands::build_server(&build_profile(needs.dist)).await?;
            environment.push(("CARDROOM_SERVER", server.display().to_string()));
        }
        if self == Self::Tune && needs.server {
            environment.push(("CARDROOM_STRESS", Self::Stress.build().await?));
        }
        if self == Self::Fanout && needs.server {
            environment.push(("FANOUT_SERVERS", install_servers().await?));
        }
        if let Some(base) = &needs.base {
            environment.push(("CARDROOM_BASE", build_base(base).await?));
        }
        if needs.databases.is_empty() {
            return finish(&line, &environment).await;
        }
        for kind in &needs.databases {
            let mut line = line.clone();
            if needs.databases.len() > 1 {
                println!("{kind}");
                line.push(option_of(*kind));
            }
            on(*kind, needs.pgbench, &line, &environment).await?;
        }
        Ok(())
    }

    /// Runs `stress` with the arguments that a task stands for, on each database.
    pub(crate) async fn short(words: &str, on: &On) -> Result<()> {
        let kinds = on.db.map_or_else(|| vec![Kind::Sqlite, Kind::Postgres], |it| vec![it]);
        for kind in kinds {
            let words = words.split(' ').map(str::to_owned).chain([option_of(kind)]);
            Self::Stress.run(&words.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    /// Runs `stress TASK` with the arguments of the command line.
    pub(crate) async fn stress(task: &str, words: &Words) -> Result<()> {
        let task = task.split(' ').map(str::to_owned).collect();
        Self::Stress.run(&[task, words.words.clone()].concat()).await
    }

    /// Runs the tool with the arguments of the command line.
    pub(crate) async fn run_words(self, words: &Words) -> Result<()> {
        self.run(&words.words).await
    }
}

/// The option by which a tool is told its database.
fn option_of(kind: Kind) -> String {
    format!("--db={}", kind.name())
}

/// The needs that a tool has printed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Needs {
    server: bool,
    dist: bool,
    databases: Vec<Kind>,
    pgbench: bool,
    base: Option<String>,
}

impl Needs {
    async fn of(line: &[String]) -> Result<Self> {
        let mut command = program(&line[0]);
        let output = command.arg("needs").args(&line[1..]).output().await?;
        if !output.status.success() || output.stdout.first() != Some(&b'{') {
            // Wrong usage or `--help`: the tool reports it when it is run.
            return Ok(Self::default());
        }
        Self::read(&serde_json::from_slice(&output.stdout)?)
    }

    fn read(needs: &Value) -> Result<Self> {
        let kinds = needs["databases"].as_array().into_iter().flatten();
        let kind = |it: &Value| it.as_str().unwrap_or_default().parse();
        let databases: Result<_, _> = kinds.map(kind).collect();
        Ok(Self {
            server: needs["server"] == true,
            dist: needs["dist"] == true,
            databases: databases.map_err(anyhow::Error::msg).context("--db")?,
            pgbench: needs["pgbench"] == true,
            base: needs["base"].as_str().map(str::to_owned),
        })
    }
}

/// Runs a tool on a fresh database.
async fn on(
    kind: Kind,
    pgbench: bool,
    line: &[String],
    environment: &[(&str, String)],
) -> Result<()> {
    let with = |database: &TestDatabase| {
        [environment, &[("DATABASE_URL", database.url.expose().to_string())]].concat()
    };
    match kind {
        Kind::Sqlite => finish(line, &with(&testkit::sqlite_database().await?)).await,
        Kind::Postgres => {
            let cluster = Cluster::start_durable()?;
            let database = testkit::postgres_database(&cluster.url()).await?;
            if !pgbench {
                return finish(line, &with(&database)).await;
            }
            let beside = testkit::postgres_database(&cluster.url()).await?;
            let program = cluster.program("pgbench").display().to_string();
            let pgbench = [
                ("CARDROOM_PGBENCH", program),
                ("CARDROOM_PGBENCH_URL", beside.url.expose().to_string()),
            ];
            finish(line, &[with(&database), pgbench.to_vec()].concat()).await
        }
    }
}

/// Runs a command to its end, and passes its exit status on.
async fn finish(line: &[String], environment: &[(&str, String)]) -> Result<()> {
    let mut command = program(&line[0]);
    command.args(&line[1..]).envs(environment.iter().map(|(name, value)| (name, value)));
    let status = command.status().await;
    let status = status.with_context(|| format!("cannot run `{}`", line.join(" ")))?;
    let code = status.code().and_then(|it| u8::try_from(it).ok()).unwrap_or(1);
    if code == 0 { Ok(()) } else { Err(Ended(code).into()) }
}

/// A program ended with this status and has printed the reason.
#[derive(Debug)]
pub(crate) struct Ended(pub(crate) u8);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ended with status {}", self.0)
    }
}

impl Error for Ended {}

/// Builds the server of another revision beside this one; returns its path.
async fn build_base(revision: &str) -> Result<String> {
    let folder = target_folder()?.join("stress/base");
    let (tree, target) = (folder.join("tree"), folder.join("target"));
    let mut git = program("git");
    if tree.exists() {
        git.arg("-C").arg(&tree).args(["checkout", "--quiet", "--detach", revision]);
    } else {
        git.args(["worktree", "add", "--quiet", "--detach"]).arg(&tree).arg(revision);
    }
    commands::run(&mut git).await?;
    let mut build = cargo();
    let manifest =
        fs::read_to_string(tree.join("Cargo.toml")).context("no Cargo.toml of the base")?;
    let profile = profile_in(&manifest, build_profile(true));
    build.current_dir(&tree).args(["build", "--package=cardroom", "--profile", &profile]);
    commands::run(build.env("CARGO_TARGET_DIR", &target)).await?;
    Ok(target.join(profile_folder(&profile)).join("cardroom").display().to_string())
}

/// The profile to build a revision with, by its manifest: before there was `dist`, `release` was what is
/// deployed.
fn profile_in(manifest: &str, profile: String) -> String {
    let is_missing = profile == DIST && !manifest.contains("[profile.dist]");
    if is_missing { "release".to_owned() } else { profile }
}

/// Installs the servers that `fanout` compares with beside the builds; returns the folder.
async fn install_servers() -> Result<String> {
    let place = target_folder()?.join("fanout-servers");
    fs::create_dir_all(&place)?;
    for file in ["package.json", "package-lock.json", "ws.mjs", "socket-io.mjs"] {
        let from = Path::new(SERVERS).join(file);
        fs::copy(from, place.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    npm_ci(&place).await?;
    Ok(place.display().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn needs_are_read_as_the_tools_print_them() {
        let printed = json!({
            "server": true, "dist": true, "databases": ["sqlite", "postgres"], "pgbench": false, "base": "main",
        });
        let expected = Needs {
            server: true,
            dist: true,
            databases: vec![Kind::Sqlite, Kind::Postgres],
            pgbench: false,
            base: Some("main".to_owned()),
        };
        assert_eq!(Needs::read(&printed).unwrap(), expected);
        assert_eq!(Needs::read(&json!({})).unwrap(), Needs::default());
        assert!(Needs::read(&json!({ "databases": ["oracle"] })).is_err());
    }

    #[test]
    fn a_tool_understands_the_option_of_each_database() {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let option = option_of(kind);
            let name = option.strip_prefix("--db=").unwrap();
            assert_eq!(name.parse(), Ok(kind));
        }
    }

    #[test]
    fn a_base_without_the_profile_dist_is_built_for_release() {
        let check = |manifest: &str, profile: &str, expected: &str| {
            assert_eq!(profile_in(manifest, profile.to_owned()), expected);
        };
        check("[profile.release]\n[profile.dist]\n", "dist", "dist");
        check("[profile.release]\n", "dist", "release");
        check("[profile.release]\n", "dev", "dev");
    }

    #[test]
    fn a_profile_is_built_into_its_folder() {
        let profiles = ["dev", "test", "release", "bench", "dist"];
        let folders = ["debug", "debug", "release", "release", "dist"];
        assert_eq!(profiles.map(profile_folder), folders);
    }

    #[tokio::test]
    async fn a_tool_that_prints_no_needs_needs_nothing() {
        for program in ["echo", "false"] {
            let line = [program, "--help"].map(str::to_owned);
            assert_eq!(Needs::of(&line).await.unwrap(), Needs::default(), "{program}");
        }
    }

    #[tokio::test]
    async fn the_status_of_a_tool_is_passed_on() {
        let exit = |code: u8| vec!["sh".to_owned(), "-c".to_owned(), format!("exit {code}")];
        assert!(finish(&exit(0), &[]).await.is_ok());
        let ended = finish(&exit(12), &[]).await.unwrap_err();
        assert_eq!(ended.downcast_ref::<Ended>().unwrap().0, 12);
    }
}
