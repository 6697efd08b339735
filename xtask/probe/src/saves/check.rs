//! Whether what was acknowledged is what is there: linear in the number of versions.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, ensure};

/// A version of a document and the marker that stands in it, which no two saves share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Version {
    pub(crate) number: i64,
    pub(crate) marker: u64,
}

/// Checks one document: `acknowledged` in any order, `found` in the order of versions.
///
/// # Errors
/// When a version is missing or is another one than was acknowledged, or a save is there twice.
pub(super) fn check(acknowledged: &[Version], found: &[Version]) -> Result<()> {
    for (expected, version) in (1..).zip(found) {
        ensure!(version.number == expected, "version {expected} is missing: {}", version.number);
    }
    let markers: HashSet<u64> = found.iter().map(|it| it.marker).collect();
    ensure!(markers.len() == found.len(), "a save is there twice");
    let kept: HashMap<i64, u64> = found.iter().map(|it| (it.number, it.marker)).collect();
    for Version { number, marker } in acknowledged {
        let there = kept.get(number);
        ensure!(
            there == Some(marker),
            "version {number} was acknowledged with {marker} and has {there:?}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(pairs: &[(i64, u64)]) -> Vec<Version> {
        pairs.iter().map(|&(number, marker)| Version { number, marker }).collect()
    }

    #[track_caller]
    fn verdict(acknowledged: &[(i64, u64)], found: &[(i64, u64)]) -> bool {
        check(&versions(acknowledged), &versions(found)).is_ok()
    }

    #[test]
    fn what_was_acknowledged_is_there_and_more_may_be() {
        assert!(verdict(&[], &[]));
        assert!(verdict(&[(2, 20), (1, 10)], &[(1, 10), (2, 20), (3, 30)]));
    }

    #[test]
    fn whatever_is_lost_changed_or_doubled_is_noticed() {
        assert!(!verdict(&[(2, 20)], &[(1, 10)]), "lost");
        assert!(!verdict(&[(1, 10)], &[(1, 11)]), "changed");
        assert!(!verdict(&[], &[(1, 10), (3, 30)]), "gap");
        assert!(!verdict(&[], &[(1, 10), (2, 10)]), "twice");
        assert!(!verdict(&[(1, 10), (1, 20)], &[(1, 10), (2, 20)]), "one version for two");
    }
}
