//! The versions that a group of saves makes: pure functions of the group and the current documents.
//!
//! Saves of one document are applied in the order of their arrival, each to the outcome of the one
//! before it, and each makes a version of its own; the document is then written once.

use std::collections::HashMap;

use database::At;
use documents::{Bounds, Json};
use ids::{GameplayStateId, RoomId};

use crate::change::Change;
use crate::journal::Journal;
use crate::save::{Outcome, Save};
use crate::state::{GameplayState, StateKey};
use crate::version::Tag;

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Current {
    pub(crate) tag: Tag,
    pub(crate) document: Json,
    pub(crate) journal: Journal,
    pub(crate) created_at: At,
    pub(crate) saved_at: At,
    /// Whether the row holds no JSON; `document` is then `null`. Only a whole save can follow.
    pub(crate) is_damaged: bool,
}

/// One document, and the versions of it that a group makes.
pub(crate) struct Plan {
    pub(crate) key: StateKey,
    /// The version that the plan is based on, or 0 when there is no state.
    pub(crate) base: i64,
    /// The document after the group.
    pub(crate) next: Option<Current>,
    /// The journals that became full in the group.
    pub(crate) segments: Vec<Segment>,
    /// The outcome of each save, with its index in the group.
    outcomes: Vec<(usize, Outcome)>,
}

/// A full journal, and the document of its last version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) last: Tag,
    pub(crate) saved_at: At,
    pub(crate) document: Json,
    pub(crate) journal: Journal,
}

/// The limits that plans observe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Bounds of a document.
    pub(crate) bounds: Bounds,
    /// Versions in a segment.
    pub(crate) segment_versions: usize,
    /// Old versions kept per state; 0 keeps no history.
    pub(crate) history_versions: i64,
    /// States per room.
    pub(crate) room_games: usize,
}

/// What the database holds of a group's documents and rooms.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The documents that exist.
    pub(crate) current: HashMap<StateKey, Current>,
    /// States of each room in which the group creates one.
    pub(crate) games: HashMap<RoomId, usize>,
}

/// The keys of a group's documents, sorted, each once.
pub(crate) fn keys(group: &[Save]) -> Vec<StateKey> {
    let mut keys: Vec<StateKey> = group.iter().map(Save::key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Plans a group, sorted by the documents' keys. `replayed` are the outcomes of saves that were
/// carried out earlier, by their index in the group.
pub(crate) fn plans(
    group: &[Save],
    known: &Known,
    replayed: &HashMap<usize, Outcome>,
    rules: Rules,
) -> Vec<Plan> {
    let mut plans: Vec<Plan> = keys(group)
        .into_iter()
        .map(|key| Plan::of(known.current.get(&key).cloned(), key))
        .collect();
    let places: HashMap<StateKey, usize> =
        (0..).zip(&plans).map(|(at, it)| (it.key.clone(), at)).collect();
    let mut games = known.games.clone();
    for (index, save) in group.iter().enumerate() {
        let Some(place) = places.get(&save.key()) else { continue };
        match replayed.get(&index) {
            Some(outcome) => plans[*place].outcomes.push((index, outcome.clone())),
            None => plans[*place].apply(index, save, &mut games, rules),
        }
    }
    plans
}

impl Plan {
    fn of(current: Option<Current>, key: StateKey) -> Self {
        Self {
            key,
            base: current.as_ref().map_or(0, |it| it.tag.version),
            next: current,
            segments: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// The document to write, if the group changes it.
    pub(crate) fn written(&self) -> Option<&Current> {
        self.next.as_ref().filter(|next| next.tag.version > self.base)
    }

    /// Whether a save is refused because of the current document. Nothing is written for it, so
    /// nothing would detect that the document has changed.
    pub(crate) fn refuses(&self) -> bool {
        self.outcomes.iter().any(|(_, outcome)| outcome.depends_on_current())
    }

    fn apply(
        &mut self,
        index: usize,
        save: &Save,
        games: &mut HashMap<RoomId, usize>,
        rules: Rules,
    ) {
        let outcome = match self.document_after(save, games, rules) {
            Ok(document) => Outcome::Saved(self.advance(save, document, rules)),
            Err(outcome) => outcome,
        };
        self.outcomes.push((index, outcome));
    }

    /// The document that a save makes of the one before it.
    fn document_after(
        &self,
        save: &Save,
        games: &mut HashMap<RoomId, usize>,
        rules: Rules,
    ) -> Result<Json, Outcome> {
        let tag = self.next.as_ref().map(|it| it.tag);
        if !save.condition.holds(tag) {
            return Err(Outcome::Stale(tag));
        }
        match (&save.change, &self.next) {
            (Change::Replace(document), Some(_)) => Ok(document.clone()),
            (Change::Replace(document), None) => {
                let games = games.entry(save.room_id).or_default();
                if *games >= rules.room_games {
                    return Err(Outcome::TooManyGames(rules.room_games));
                }
                *games += 1;
                Ok(document.clone())
            }
            (_, Some(before)) if before.is_damaged => Err(Outcome::Damaged(before.tag)),
            (change, Some(before)) => {
                change.apply(&before.document, rules.bounds).map_err(Outcome::NotApplicable)
            }
            (_, None) => Err(Outcome::NoState),
        }
    }

    /// Makes the next version.
    fn advance(&mut self, save: &Save, document: Json, rules: Rules) -> GameplayState {
        let before = self.next.take();
        let (tag, created_at, mut journal) = if let Some(it) = &before {
            let tag = Tag { version: it.tag.version + 1, ..it.tag };
            (tag, it.created_at, it.journal.clone())
        } else if let Some(deleted) = &save.restores {
            let tag = Tag { version: deleted.tag.version + 1, ..deleted.tag };
            (tag, deleted.created_at.into(), Journal::default())
        } else {
            let tag = Tag { state: GameplayStateId::new(), version: 1 };
            (tag, save.at.into(), Journal::default())
        };
        let before = before.filter(|it| !it.is_damaged).map(|it| it.document);
        if before.is_none() || rules.history_versions == 0 {
            // The document that its entries are relative to is gone.
            journal = Journal::default();
        }
        if rules.history_versions > 0 {
            journal.append(save, tag, &document, before.as_ref());
        }
        let saved_at = save.at.into();
        if journal.versions() >= rules.segment_versions {
            let journal = std::mem::take(&mut journal);
            let document = document.clone();
            self.segments.push(Segment { last: tag, saved_at, document, journal });
        }
        let state = document.clone();
        self.next =
            Some(Current { tag, document, journal, created_at, saved_at, is_damaged: false });
        GameplayState {
            id: tag.state,
            room_id: save.room_id,
            gameplay_id: save.gameplay_id.clone(),
            state,
            version: tag.version,
            created_at: created_at.utc(),
            saved_at: save.at,
        }
    }
}

/// The outcomes of a group in the order of its saves, and the documents after it.
pub(crate) fn outcomes(plans: Vec<Plan>) -> (Vec<Outcome>, Vec<(StateKey, Current)>) {
    let mut outcomes = Vec::new();
    let mut current = Vec::new();
    for plan in plans {
        outcomes.extend(plan.outcomes);
        current.extend(plan.next.map(|next| (plan.key, next)));
    }
    outcomes.sort_unstable_by_key(|(index, _)| *index);
    (outcomes.into_iter().map(|(_, outcome)| outcome).collect(), current)
}

#[cfg(test)]
mod tests {
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
            attempt: None,
            restores: None,
            at: chrono::DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(second).unwrap()),
        }
    }

    /// The segments that were stored, of all games.
    type Past = Vec<(GameplayId, Segment)>;

    /// Carries groups out on a database that is a map; gives the outcome of each save with the text of
    /// the document and its version, the documents, and all segments.
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
            all.extend(outcomes.iter().map(told));
            store(&mut database, current);
        }
        (all, database.current, segments)
    }

    fn store(database: &mut Known, current: Vec<(StateKey, Current)>) {
        database.current.extend(current);
        database.games.insert(RoomId::from_u128(1), database.current.len());
    }

    fn told(outcome: &Outcome) -> String {
        match outcome {
            Outcome::Saved(state) => format!("{} {}", state.version, state.state.text()),
            Outcome::Stale(tag) => format!("stale {:?}", tag.map(|it| it.version)),
            other => format!("{other:?}"),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn a_group_does_what_its_saves_would_do_one_by_one(
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
                let told: Vec<_> = of_this.map(|(_, told)| told.clone()).collect();
                let saved = told.into_iter().filter(|it| it.starts_with(char::is_numeric));
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
    fn a_damaged_document_is_mended_by_a_whole_save_and_refuses_others() {
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
        let told: Vec<_> = outcomes.iter().map(told).collect();
        assert!(told[0].starts_with("Damaged"), "{told:?}");
        assert_eq!(
            told[1..],
            [r#"2 {"n":[2],"card-2":2}"#, r#"3 {"n":[3],"card-2":2,"card-3":3}"#]
        );
        let journal = &current[0].1.journal;
        let numbers: Vec<_> =
            journal.entries().map(|entry| entry.unwrap().version.number).collect();
        assert_eq!(numbers, [3, 2]);
    }
}
