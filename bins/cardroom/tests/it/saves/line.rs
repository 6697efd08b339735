//! Whether acknowledged saves form one line of versions, as if they had been carried out one by one.

use std::collections::{BTreeMap, HashSet};

/// A save that was acknowledged, or one that the history shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    /// The version that it made.
    pub(crate) version: i64,
    /// The marker that it wrote, which is unique to this save.
    pub(crate) marker: String,
    /// The version that it was based on, if it named one.
    pub(crate) base: Option<i64>,
}

/// Why saves do not form a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Anomaly {
    /// No save made this version, though there is a later one.
    Gap(i64),
    /// Two saves made this version.
    TwiceMade(i64),
    /// The save with this marker was carried out twice.
    TwiceDone(String),
    /// A save was applied to another version than the one it named.
    LostUpdate(i64),
    /// The history differs from what was acknowledged.
    OtherPast(i64),
}

/// Checks that acknowledged saves made the versions from 1 on, and that the history shows them.
pub(crate) fn check(acknowledged: &[Saved], past: &[Saved]) -> Result<(), Anomaly> {
    let mut versions = BTreeMap::new();
    let mut markers = HashSet::new();
    for saved in acknowledged {
        if versions.insert(saved.version, saved).is_some() {
            return Err(Anomaly::TwiceMade(saved.version));
        }
        if !markers.insert(&saved.marker) {
            return Err(Anomaly::TwiceDone(saved.marker.clone()));
        }
        if saved.base.is_some_and(|base| base + 1 != saved.version) {
            return Err(Anomaly::LostUpdate(saved.version));
        }
    }
    for (expected, version) in (1..).zip(versions.keys()) {
        if *version != expected {
            return Err(Anomaly::Gap(expected));
        }
    }
    shows(&versions, past)
}

fn shows(versions: &BTreeMap<i64, &Saved>, past: &[Saved]) -> Result<(), Anomaly> {
    let shown: BTreeMap<i64, &str> =
        past.iter().map(|it| (it.version, it.marker.as_str())).collect();
    let all = versions.keys().chain(shown.keys());
    let differs =
        |it: &&i64| versions.get(it).map(|saved| saved.marker.as_str()) != shown.get(it).copied();
    all.filter(differs).min().map_or(Ok(()), |version| Err(Anomaly::OtherPast(*version)))
}

fn saved(version: i64, marker: &str, base: i64) -> Saved {
    Saved { version, marker: marker.into(), base: Some(base) }
}

/// Three saves that form a line.
fn line() -> Vec<Saved> {
    vec![saved(2, "b", 1), saved(1, "a", 0), saved(3, "c", 2)]
}

#[test]
fn saves_one_after_the_other_form_a_line() {
    assert_eq!(check(&line(), &line()), Ok(()));
}

#[test]
fn a_gap_is_found() {
    let mut gap = line();
    gap.remove(0);
    assert_eq!(check(&gap, &gap), Err(Anomaly::Gap(2)));
}

#[test]
fn a_duplicate_is_found() {
    let mut same_version = line();
    same_version.push(saved(3, "d", 2));
    assert_eq!(check(&same_version, &line()), Err(Anomaly::TwiceMade(3)));
    let mut same_save = line();
    same_save.push(saved(4, "b", 3));
    assert_eq!(check(&same_save, &same_save), Err(Anomaly::TwiceDone("b".into())));
}

#[test]
fn a_lost_update_is_found() {
    let mut lost = line();
    lost[2].base = Some(1);
    assert_eq!(check(&lost, &lost), Err(Anomaly::LostUpdate(3)));
}

#[test]
fn another_past_is_found() {
    let mut past = line();
    past[1].marker = "x".into();
    assert_eq!(check(&line(), &past), Err(Anomaly::OtherPast(1)));
    assert_eq!(check(&line(), &line()[..2]), Err(Anomaly::OtherPast(3)));
    assert_eq!(check(&line()[..2], &line()), Err(Anomaly::OtherPast(3)));
}
