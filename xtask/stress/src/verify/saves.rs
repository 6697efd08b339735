//! Saves: every version was acknowledged once, none is missing, and the last one is the current state.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::AT_ONCE;
use crate::client::Client;
use crate::document;
use crate::evidence::{Document, Evidence};
use crate::finding::Finding;

/// Earlier versions that are read back, spread over all documents; each is a request.
const VERSIONS_MAX: usize = 500;

/// The acknowledged versions of one document, and the number of saves without an answer.
struct Kept {
    document: Document,
    /// Versions with their markers, in order.
    versions: Vec<(i64, u64)>,
    unsure: usize,
}

pub(super) async fn verify(client: &Client, evidence: &Evidence) -> Result<Vec<Finding>> {
    let all = by_document(evidence);
    let mut versions = Finding::about("acknowledged versions without gaps or doubles");
    for kept in &all {
        versions.checked += kept.versions.len() as u64;
        for fault in numbering(&kept.versions, kept.unsure) {
            versions.fault(format!("{}: {fault}", kept.document.path));
        }
    }
    Ok(vec![versions, current(client, &all).await?, past(client, &all).await?])
}

fn by_document(evidence: &Evidence) -> Vec<Kept> {
    let mut all: HashMap<Arc<str>, Kept> = HashMap::new();
    let empty =
        |document: &Document| Kept { document: document.clone(), versions: Vec::new(), unsure: 0 };
    for saved in &evidence.saves {
        let kept = all.entry(saved.document.path.clone()).or_insert_with(|| empty(&saved.document));
        kept.versions.push((saved.version, saved.marker));
    }
    for document in &evidence.unsure_saves {
        all.entry(document.path.clone()).or_insert_with(|| empty(document)).unsure += 1;
    }
    let mut all: Vec<_> = all.into_values().collect();
    all.sort_by(|one, other| one.document.path.cmp(&other.document.path));
    for kept in &mut all {
        kept.versions.sort_unstable();
    }
    all
}

/// Faults in the versions of a new document; saves without an answer may have taken some.
fn numbering(versions: &[(i64, u64)], unsure: usize) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut expected, mut missing) = (1, 0);
    for &(version, marker) in versions {
        if version < expected {
            faults.push(format!("version {version} was acknowledged twice, also for {marker}"));
            continue;
        }
        missing += version - expected;
        expected = version + 1;
    }
    if usize::try_from(missing).unwrap_or(usize::MAX) > unsure {
        faults.push(format!("{missing} versions were acknowledged to no one"));
    }
    faults
}

/// Compares the current state of each document with what was saved last.
async fn current(client: &Client, all: &[Kept]) -> Result<Finding> {
    let mut finding = Finding::about("states read back, each as it was saved last");
    let read: Vec<_> = stream::iter(all)
        .map(async |kept| {
            let found = client.get(&kept.document.path, &kept.document.room.token).await?;
            anyhow::Ok((kept, found))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    for (kept, found) in read {
        let fault = difference(kept, found.as_ref());
        finding.check(fault.map(|it| format!("{}: {it}", kept.document.path)));
    }
    Ok(finding)
}

fn difference(kept: &Kept, found: Option<&Value>) -> Option<String> {
    let &(version, marker) = kept.versions.last()?;
    let Some(found) = found else { return Some("it is gone".to_owned()) };
    let there = found["version"].as_i64().unwrap_or_default();
    if there == version {
        return (found["state"] != value(marker)).then(|| {
            format!("version {version} was saved as {marker} and is {}", found["state"]["marker"])
        });
    }
    // A save without an answer may have come last.
    let later = usize::try_from(there - version).is_ok_and(|more| more <= kept.unsure);
    (!later).then(|| format!("version {version} was acknowledged, {there} is there"))
}

/// Compares some earlier versions with what was saved, if the server keeps any.
async fn past(client: &Client, all: &[Kept]) -> Result<Finding> {
    let mut finding = Finding::about("earlier versions read back");
    let each = VERSIONS_MAX.div_ceil(all.len().max(1));
    // The latest ones: older ones may have been swept.
    let wanted = all.iter().flat_map(|kept| {
        kept.versions.iter().rev().skip(1).take(each).map(move |version| (kept, *version))
    });
    let read: Vec<_> = stream::iter(wanted)
        .map(async |(kept, (version, marker))| {
            let path = format!("{}/history/{version}", kept.document.path);
            let found = client.get(&path, &kept.document.room.token).await?;
            anyhow::Ok((path, marker, found))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let found: BTreeMap<_, _> =
        read.into_iter().filter_map(|(path, marker, it)| Some((path, (marker, it?)))).collect();
    for (path, (marker, found)) in found {
        let fault = || format!("{path}: saved as {marker}, is {}", found["state"]["marker"]);
        finding.check((found["state"] != value(marker)).then(fault));
    }
    Ok(finding)
}

fn value(marker: u64) -> Value {
    serde_json::from_str(&document::state(marker)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up_from_one() {
        assert!(numbering(&[(1, 7), (2, 8), (3, 9)], 0).is_empty());
        assert!(!numbering(&[(1, 7), (3, 9)], 0).is_empty(), "a gap");
        assert!(!numbering(&[(1, 7), (1, 8)], 0).is_empty(), "twice");
        assert!(!numbering(&[(2, 8)], 0).is_empty(), "the first is missing");
    }

    #[test]
    fn a_save_without_an_answer_may_have_taken_a_version() {
        assert!(numbering(&[(1, 7), (3, 9)], 1).is_empty());
        assert!(!numbering(&[(1, 7), (4, 9)], 1).is_empty());
    }

    #[test]
    fn a_state_is_the_same_only_as_a_whole() {
        let mut found: Value = serde_json::from_str(&document::state(7)).unwrap();
        assert_eq!(found, value(7));

        found["cardPlacements"]["card-3"]["x"] = 0.into();

        assert_ne!(found, value(7));
    }
}
