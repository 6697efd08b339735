//! Comparison of what was acknowledged with what is stored, in time that is linear in the number of versions.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::log::{Version, Writes};

/// Checks one document; `found` is in the order of versions.
///
/// # Errors
/// When a version is missing or differs from what was acknowledged, or a write is there twice.
pub(super) fn check(writes: &Writes, found: &[Version]) -> Result<()> {
    for (expected, version) in (1..).zip(found) {
        ensure!(version.number == expected, "version {expected} is missing: {}", version.number);
    }
    let stored: HashMap<i64, u64> = found.iter().map(|it| (it.number, it.marker)).collect();
    for Version { number, marker } in &writes.saved {
        let there = stored.get(number);
        ensure!(
            there == Some(marker),
            "version {number} was acknowledged with {marker} and has {there:?}"
        );
    }
    // A marker is there once, and once more for each restore of a version with it.
    let mut allowed: HashMap<u64, usize> = HashMap::new();
    for (of, number) in &writes.restored {
        let Some(marker) = stored.get(of) else { continue };
        *allowed.entry(*marker).or_default() += 1;
        if let Some(number) = number {
            let there = stored.get(number);
            ensure!(there == Some(marker), "version {number} restores {of} and has {there:?}");
        }
    }
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for Version { marker, .. } in found {
        let count = counts.entry(*marker).or_default();
        *count += 1;
        let most = 1 + allowed.get(marker).copied().unwrap_or_default();
        ensure!(*count <= most, "the write {marker} is there {count} times, at most {most}");
    }
    let numbers: HashSet<i64> = writes.saved.iter().map(|it| it.number).collect();
    ensure!(numbers.len() == writes.saved.len(), "a version was acknowledged to two writes");
    Ok(())
}

/// Checks the visitors of a room against the joins that were acknowledged.
///
/// # Errors
/// When a session has two visitors, or a visitor is missing.
pub(super) fn check_joins(joins: &[(String, String)], listed: &Value) -> Result<()> {
    let list = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |it: &'_ Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let sessions: HashMap<String, String> =
        list.iter().map(|it| (text(it, "session_id"), text(it, "id"))).collect();
    ensure!(sessions.len() == list.len(), "a session has two visitors");
    for (session, visitor) in joins {
        let there = sessions.get(session);
        ensure!(there == Some(visitor), "{session} joined as {visitor} and is {there:?}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn versions(pairs: &[(i64, u64)]) -> Vec<Version> {
        pairs.iter().map(|&(number, marker)| Version { number, marker }).collect()
    }

    #[track_caller]
    fn holds(saved: &[(i64, u64)], restored: &[(i64, Option<i64>)], found: &[(i64, u64)]) -> bool {
        let writes = Writes { saved: versions(saved), restored: restored.to_vec() };
        check(&writes, &versions(found)).is_ok()
    }

    #[test]
    fn what_was_acknowledged_is_there_and_more_may_be() {
        assert!(holds(&[], &[], &[]));
        assert!(holds(&[(2, 20), (1, 10)], &[], &[(1, 10), (2, 20), (3, 30)]));
    }

    #[test]
    fn a_write_that_is_lost_changed_or_doubled_is_found() {
        assert!(!holds(&[(2, 20)], &[], &[(1, 10)]), "lost");
        assert!(!holds(&[(1, 10)], &[], &[(1, 11)]), "changed");
        assert!(!holds(&[], &[], &[(1, 10), (3, 30)]), "gap");
        assert!(!holds(&[], &[], &[(1, 10), (2, 10)]), "twice");
        assert!(!holds(&[(1, 10), (1, 20)], &[], &[(1, 10), (2, 20)]), "one version for two");
    }

    #[test]
    fn a_restore_repeats_a_marker_once() {
        let saved = [(1, 10), (2, 20)];
        assert!(holds(&saved, &[(1, Some(3))], &[(1, 10), (2, 20), (3, 10)]));
        assert!(holds(&saved, &[(1, None)], &[(1, 10), (2, 20), (3, 10)]), "unanswered");
        assert!(holds(&saved, &[(1, None)], &[(1, 10), (2, 20)]), "not carried out");
        assert!(!holds(&saved, &[(1, Some(3))], &[(1, 10), (2, 20), (3, 20)]), "another one");
        let twice = [(1, 10), (2, 20), (3, 10), (4, 10)];
        assert!(!holds(&saved, &[(1, Some(3))], &twice), "twice");
        assert!(!holds(&saved, &[(1, Some(3))], &[(1, 10), (2, 20)]), "lost");
    }

    #[test]
    fn a_session_has_the_visitor_that_it_joined_as() {
        let joins = [("a".to_owned(), "1".to_owned())];
        let visitor = |session: &str, id: &str| json!({ "session_id": session, "id": id });
        let holds = |list: Value| check_joins(&joins, &list).is_ok();

        assert!(holds(json!([visitor("a", "1"), visitor("b", "2")])));
        assert!(!holds(json!([visitor("b", "2")])), "missing");
        assert!(!holds(json!([visitor("a", "2")])), "another one");
        assert!(!holds(json!([visitor("a", "1"), visitor("a", "2")])), "two");
    }
}
