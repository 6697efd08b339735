//! `cargo xtask openapi`: the description of the API, kept beside the code that makes it.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};

use crate::commands::cargo;
use crate::diff;

const FILE: &str = "docs/openapi.json";

const REMEDY: &str = "`cargo xtask openapi` writes it";

/// Write docs/openapi.json from the code.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Compare the file with the code instead, and fail when they differ.
    #[arg(long)]
    check: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let description = described_by_the_code().await?;
    let file = Path::new(FILE);
    if arguments.check {
        diff::compare(file, &description, "the code", REMEDY)
    } else {
        diff::write(file, &description)
    }
}

async fn described_by_the_code() -> Result<String> {
    let output = cargo()
        .args(["run", "--quiet", "--package", "cardroom", "--", "openapi"])
        .stderr(Stdio::inherit())
        .output()
        .await?;
    ensure!(output.status.success(), "`cardroom openapi` failed: {}", output.status);
    let text = String::from_utf8(output.stdout).context("the description is not UTF-8")?;
    Ok(format!("{}\n", text.trim_end()))
}
