//! Runs the load tool.

use std::env;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use stress::Run;
use tokio::process::Command;

use crate::arguments::Programs;
use crate::profile::CONFIG;

/// With two cores, others that use a fifth of one cost a fifth of the rate.
const QUIET: [&str; 4] = ["--others-max", "0.2", "--tries", "5"];
const BUSY: [&str; 1] = ["--allow-busy"];

/// Applies a load; `words` are those of `cargo xtask stress`.
///
/// Its objectives do not matter here: some loads exceed the capacity, and some have too few samples to
/// judge. But the machine has to be idle otherwise, which the tool waits for.
pub(crate) async fn run(programs: &Programs, kind: &str, words: &[&str]) -> Result<Run> {
    let url =
        programs.database_url.as_deref().context("DATABASE_URL: call it as `cargo xtask tune`")?;
    let mut command = Command::new(&programs.stress);
    command.args(words).args(["--json", "--db", kind, "--out", "target/tune/runs"]);
    command.args(if programs.allow_busy { &BUSY[..] } else { &QUIET });
    command.env("CARDROOM_SERVER", &programs.server).env("DATABASE_URL", url);
    // The server reads the current profiles, not those that it was built with.
    command.env("CARDROOM_CONFIG_DIR", env::current_dir()?.join(CONFIG));
    command.kill_on_drop(true).stdin(Stdio::null()).stderr(Stdio::piped());
    let output = command.output().await.context("cannot run stress")?;
    match serde_json::from_slice(&output.stdout) {
        Ok(run) => Ok(run),
        Err(error) => bail!(
            "stress {}: {} ({error})",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(stress: &str) -> Programs {
        Programs {
            server: "server".into(),
            stress: stress.into(),
            allow_busy: false,
            database_url: Some("sqlite://x".to_owned()),
        }
    }

    #[tokio::test]
    async fn a_tool_that_prints_no_run_is_an_error_with_its_words() {
        let error = run(&programs("echo"), "sqlite", &["save"]).await.unwrap_err();
        assert!(error.to_string().starts_with("stress save:"), "{error}");
        let without = Programs { database_url: None, ..programs("echo") };
        assert!(run(&without, "sqlite", &["save"]).await.is_err());
    }
}
