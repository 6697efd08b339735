//! Tests of the plans of groups.

use chrono::TimeDelta;
use ids::AccountId;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::author::Author;
use crate::state::GameplayId;
use crate::version::{Condition, Versions};

const RULES: Rules = Rules {
    bounds: Bounds { bytes: 1000, depth: 8, nodes: 100 },
    segment_versions: 3,
    history_versions: 100,
    room_games: 3,
};

/// A save that needs no entity tag.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Replace(u8),
    Merge(u8),
    ReplaceOnly(u8),
    CreateOnly(u8),
}

fn wish() -> impl Strategy<Value = (u8, Wish)> {
    let wish = prop_oneof![
        any::<u8>().prop_map(Wish::Replace),
        any::<u8>().prop_map(Wish::Merge),
        any::<u8>().prop_map(Wish::ReplaceOnly),
        any::<u8>().prop_map(Wish::CreateOnly),
    ];
    (0..3_u8, wish)
}

fn save((game, wish): (u8, Wish), second: usize) -> Save {
    let document = |n: u8| {
        let value = json!({ format!("card-{}", n % 5): n, "n": [n] });
        Json::accept(&value.to_string(), RULES.bounds).unwrap()
    };
    let any = Some(Versions::Any);
    let (change, matches, matches_not) = match wish {
        Wish::Replace(n) => (Change::Replace(document(n)), None, None),
        Wish::Merge(n) => (Change::Merge(document(n)), None, None),
        Wish::ReplaceOnly(n) => (Change::Replace(document(n)), any, None),
        Wish::CreateOnly(n) => (Change::Replace(document(n)), None, any),
    };
    Save {
        room_id: RoomId::from_u128(1),
        gameplay_id: GameplayId::trusted(&format!("game-{game}")),
        author: Author::Counsellor(AccountId::from_u128(2)),
        change,
        condition: Condition { matches, matches_not },
        precomputed: None,
        attempt: None,
        restores: None,
        at: chrono::DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(second).unwrap()),
    }
}

/// The segments that were stored, of all games.
type Past = Vec<(GameplayId, Segment)>;

/// Carries groups out on a database that is a map; returns a summary of each save's outcome, the
/// documents, and all segments.
fn carry_out<'a>(
    groups: impl Iterator<Item = &'a [Save]>,
) -> (Vec<String>, HashMap<StateKey, Current>, Past) {
    let mut database = Known::default();
    let (mut all, mut segments) = (Vec::new(), Vec::new());
    for group in groups {
        let plans = plans(group, &database, &HashMap::new(), RULES);
        for plan in &plans {
            let kept = plan.segments.iter().cloned();
            segments.extend(kept.map(|segment| (plan.key.1.clone(), segment)));
        }
        let (outcomes, current) = outcomes(plans);
        all.extend(outcomes.iter().map(summary));
        store(&mut database, current);
    }
    (all, database.current, segments)
}

fn store(database: &mut Known, current: Vec<(StateKey, Current)>) {
    database.current.extend(current);
    database.games.insert(RoomId::from_u128(1), database.current.len());
}

fn summary(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Saved(state) => format!("{} {}", state.version, state.state.text()),
        Outcome::Stale(tag) => format!("stale {:?}", tag.map(|it| it.version)),
        other => format!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_group_has_the_effect_of_its_saves_one_by_one(
        wishes in prop::collection::vec(wish(), 1..40),
        size in 1..10_usize,
    ) {
        let saves: Vec<Save> =
            wishes.into_iter().enumerate().map(|(n, wish)| save(wish, n)).collect();
        let (grouped, documents, segments) = carry_out(saves.chunks(size));
        let (single, alone, _) = carry_out(saves.chunks(1));
        prop_assert_eq!(&grouped, &single);

        for (key, current) in &documents {
            let other = &alone[key];
            prop_assert_eq!(current.tag.version, other.tag.version);
            prop_assert_eq!(current.journal.versions(), other.journal.versions());
            // The journal and the segments lead back through every document that was saved.
            let mut back = Vec::new();
            let present = (current.document.clone(), current.journal.clone());
            let past = segments.iter().rev().filter(|(game, _)| *game == key.1);
            let past = past.map(|(_, it)| (it.document.clone(), it.journal.clone()));
            for (document, journal) in std::iter::once(present).chain(past) {
                let mut document = Some(document);
                for entry in journal.entries().map(Result::unwrap) {
                    let here = document.take().unwrap();
                    back.push(format!("{} {}", entry.version.number, here.text()));
                    document = entry.before(&here).unwrap();
                }
            }
            back.reverse();
            let of_this = saves.iter().zip(&grouped).filter(|(save, _)| save.key() == *key);
            let summaries: Vec<_> = of_this.map(|(_, summary)| summary.clone()).collect();
            let saved = summaries.into_iter().filter(|it| it.starts_with(char::is_numeric));
            prop_assert_eq!(back, saved.collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_journal_that_is_switched_off_and_on_again_leads_back_from_what_is_there() {
    let switched_off = Rules { history_versions: 0, ..RULES };
    let mut database = Known::default();
    for (n, rules) in [(1, RULES), (2, switched_off), (3, RULES)] {
        let group = [save((0, Wish::Replace(n)), 0)];
        let (_, current) = outcomes(plans(&group, &database, &HashMap::new(), rules));
        store(&mut database, current);
    }
    let current = database.current.into_values().next().unwrap();
    let entries: Vec<_> = current.journal.entries().map(Result::unwrap).collect();
    let numbers: Vec<_> = entries.iter().map(|it| it.version.number).collect();
    assert_eq!(numbers, [3]);
    let before = entries[0].before(&current.document).unwrap().unwrap();
    assert_eq!(before.text(), r#"{"n":[2],"card-2":2}"#);
}

#[test]
fn documents_are_written_in_the_order_of_their_keys() {
    let group: Vec<Save> =
        [2, 0, 1, 0].into_iter().map(|game| save((game, Wish::Replace(1)), 0)).collect();
    let plans = plans(&group, &Known::default(), &HashMap::new(), RULES);
    let games: Vec<_> = plans.iter().map(|plan| plan.key.1.as_str()).collect();
    assert_eq!(games, ["game-0", "game-1", "game-2"]);
}

#[test]
fn a_room_takes_as_many_games_as_the_rules_say() {
    let group: Vec<Save> =
        [0, 1, 1, 2, 0].into_iter().map(|game| save((game, Wish::Replace(1)), 0)).collect();
    let games = HashMap::from([(RoomId::from_u128(1), 1)]);
    let known = Known { games, ..Known::default() };
    let (outcomes, current) = outcomes(plans(&group, &known, &HashMap::new(), RULES));
    let refused: Vec<_> = outcomes.iter().map(|it| *it == Outcome::TooManyGames(3)).collect();
    assert_eq!(refused, [false, false, false, true, false]);
    assert_eq!(current.len(), 2);
}

#[test]
fn a_full_save_repairs_a_damaged_document_and_a_patch_is_refused() {
    let mut database = Known::default();
    let create = [save((0, Wish::Replace(1)), 0)];
    let (_, current) = outcomes(plans(&create, &database, &HashMap::new(), RULES));
    store(&mut database, current);
    for current in database.current.values_mut() {
        current.document = Json::from_stored("null").unwrap();
        current.is_damaged = true;
    }
    let group = [1, 2, 3].map(|n| match n {
        2 => save((0, Wish::Replace(n)), 0),
        _ => save((0, Wish::Merge(n)), 0),
    });
    let (outcomes, current) = outcomes(plans(&group, &database, &HashMap::new(), RULES));
    let summaries: Vec<_> = outcomes.iter().map(summary).collect();
    assert!(summaries[0].starts_with("Damaged"), "{summaries:?}");
    assert_eq!(
        summaries[1..],
        [r#"2 {"n":[2],"card-2":2}"#, r#"3 {"n":[3],"card-2":2,"card-3":3}"#]
    );
    let journal = &current[0].1.journal;
    let numbers: Vec<_> = journal.entries().map(|entry| entry.unwrap().version.number).collect();
    assert_eq!(numbers, [3, 2]);
}

/// A document of about so many bytes that holds the number.
fn large(n: u8, bytes: usize) -> Json {
    let value = json!({ "n": n, "text": "x".repeat(bytes) });
    Json::accept(&value.to_string(), LARGE.bounds).unwrap()
}

const LARGE: Rules = Rules {
    bounds: Bounds { bytes: 100_000, depth: 8, nodes: 100 },
    segment_versions: 20,
    ..RULES
};

fn carry_out_one(database: &mut Known, save: Save) -> (Outcome, Vec<Segment>) {
    let mut plans = plans(&[save], database, &HashMap::new(), LARGE);
    let segments = std::mem::take(&mut plans[0].segments);
    let (mut outcomes, current) = outcomes(plans);
    store(database, current);
    (outcomes.remove(0), segments)
}

#[test]
fn an_expensive_change_is_committed_on_the_version_that_it_was_computed_on() {
    let mut database = Known::default();
    let replace =
        |n| Save { change: Change::Replace(large(n, 20_000)), ..save((0, Wish::Merge(0)), 0) };
    carry_out_one(&mut database, replace(1));

    let merge = save((0, Wish::Merge(4)), 0);
    let Outcome::Expensive(uncomputed) = carry_out_one(&mut database, merge.clone()).0 else {
        panic!("it was computed in the lane");
    };
    let precomputed = futures::executor::block_on(async {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.spawn(uncomputed.compute(merge.change.clone())).await.unwrap().unwrap()
    });
    let ahead = Save { precomputed: Some(precomputed), ..merge };
    let (saved, _) = carry_out_one(&mut database, ahead.clone());
    let Outcome::Saved(state) = saved else { panic!("{saved:?}") };
    assert!(state.version == 2 && state.state.text().contains(r#""card-4":4"#));

    let (late, _) = carry_out_one(&mut database, ahead);
    assert!(matches!(late, Outcome::Expensive(_)), "{late:?}");
    let current = database.current.values().next().unwrap();
    let entry = current.journal.entries().next().unwrap().unwrap();
    let before = entry.before(&current.document).unwrap().unwrap();
    assert_eq!(before, large(1, 20_000));
}

#[test]
fn a_journal_of_whole_documents_is_full_before_it_has_all_versions() {
    let mut database = Known::default();
    let mut sizes = Vec::new();
    for n in 0..12_u8 {
        // Each differs wholly from the one before, and is small enough for the lane.
        let document = json!({ format!("t{n}"): char::from(b'a' + n).to_string().repeat(8_000) });
        let document = Json::accept(&document.to_string(), LARGE.bounds).unwrap();
        let replace = Save { change: Change::Replace(document), ..save((0, Wish::Merge(0)), 0) };
        let (_, segments) = carry_out_one(&mut database, replace);
        sizes.extend(segments.iter().map(|it| it.journal.versions()));
    }
    // Nine steps of 8 kB exceed the bound.
    assert_eq!(sizes, [10]);
    assert!(database.current.values().all(|it| it.journal.versions() == 2));
}
