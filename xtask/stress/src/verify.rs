//! Whether the server has kept what it promised: read back after the load, and compared.

mod saves;
mod visitors;

use anyhow::{Context as _, Result};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evidence::Evidence;

/// Faults of a kind that are told; the number tells of all.
const TOLD_MAX: usize = 5;

/// Requests at once while promises are read back.
const AT_ONCE: usize = 16;

/// What was found about one kind of promise.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// What was looked at, in words that a number goes before.
    pub(crate) about: String,
    pub(crate) checked: u64,
    pub(crate) faults: u64,
    /// The first few.
    pub(crate) examples: Vec<String>,
}

impl Finding {
    pub(crate) fn about(about: &str) -> Self {
        Self { about: about.to_owned(), ..Self::default() }
    }

    pub(crate) fn fault(&mut self, example: String) {
        self.faults += 1;
        if self.examples.len() < TOLD_MAX {
            self.examples.push(example);
        }
    }

    pub(crate) fn holds(&self) -> bool {
        self.faults == 0
    }
}

/// Reads back what was promised.
pub(crate) async fn verify(url: &str, evidence: &Evidence) -> Result<Vec<Finding>> {
    let reader = Reader { url, client: Client::new() };
    let mut findings = Vec::new();
    if !evidence.saves.is_empty() {
        findings.extend(saves::verify(&reader, evidence).await?);
    }
    if !evidence.joins.is_empty() {
        findings.extend(visitors::verify(&reader, evidence).await?);
    }
    // A server may keep no earlier versions; then there was nothing to look at.
    findings.retain(|it: &Finding| it.checked > 0);
    Ok(findings)
}

/// Asks the server.
struct Reader<'a> {
    url: &'a str,
    client: Client,
}

impl Reader<'_> {
    /// What is at a path; none where there is nothing.
    async fn get(&self, path: &str, token: &str) -> Result<Option<Value>> {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(token);
        let answer = request.send().await.with_context(|| path.to_owned())?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(answer.error_for_status()?.json().await?))
    }
}
