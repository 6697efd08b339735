//! Reads back what the server acknowledged, and compares.

mod saves;
mod visitors;

use anyhow::Result;

use crate::client::Client;
use crate::evidence::Evidence;
use crate::finding::Finding;

/// Concurrent requests.
const AT_ONCE: usize = 16;

/// Reads back what was acknowledged.
pub(crate) async fn verify(client: &Client, evidence: &Evidence) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if !evidence.saves.is_empty() {
        findings.extend(saves::verify(client, evidence).await?);
    }
    if !evidence.joins.is_empty() {
        findings.extend(visitors::verify(client, evidence).await?);
    }
    // A server may keep no earlier versions.
    findings.retain(|it: &Finding| it.checked > 0);
    Ok(findings)
}
