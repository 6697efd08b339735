//! `cargo xtask ci`: what has to hold before a change goes in.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::process::Command;

use crate::commands::{self, BUILD_PROFILE, DIST, cargo, program};

/// A check, as a command line.
struct Step {
    command: &'static str,
    variable: Option<(&'static str, &'static str)>,
}

const fn step(command: &'static str) -> Step {
    Step { command, variable: None }
}

/// In order, the cheap ones first. A test compares `docs/openapi.json` with the code.
const STEPS: [Step; 15] = [
    step("cargo fmt --all -- --check"),
    step("typos"),
    step("cargo-machete --with-metadata"),
    step("cargo deny --offline check licenses bans sources"),
    step("cargo clippy --workspace --all-targets --features telemetry/otlp -- -D warnings"),
    Step {
        command: "cargo doc --workspace --no-deps",
        variable: Some(("RUSTDOCFLAGS", "-D warnings")),
    },
    step("cargo xtask structure"),
    step("cargo xtask migrate check"),
    step("cargo xtask tune check --all"),
    step("cargo xtask test"),
    // Reuses what the tests have built.
    step("cargo test --workspace --features telemetry/otlp --test otlp"),
    step("cargo xtask footprint"),
    step("cargo xtask test --interop"),
    step("cargo xtask smoke"),
    step("cargo xtask stress --gate ci"),
];

pub(crate) async fn run() -> Result<()> {
    let start = Instant::now();
    let mut times = Vec::new();
    for step in &STEPS {
        println!("\n=== {}", step.command);
        let start = Instant::now();
        commands::run(&mut step.command()).await.context("CI stops here")?;
        times.push((start.elapsed(), step.command));
        println!("=== {}", passed(start.elapsed()));
    }
    println!();
    for (time, command) in times {
        println!("{:>6.1} s  {command}", time.as_secs_f64());
    }
    println!("everything {}", passed(start.elapsed()));
    Ok(())
}

fn passed(time: Duration) -> String {
    format!("passed in {:.1} s", time.as_secs_f64())
}

impl Step {
    fn command(&self) -> Command {
        let mut words = self.command.split(' ');
        let mut command = match words.next() {
            Some("cargo") | None => cargo(),
            Some(name) => program(name),
        };
        command.args(words).envs(self.variable).env(BUILD_PROFILE, DIST);
        command
    }
}
