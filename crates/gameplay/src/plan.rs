//! What a group of saves makes of the documents it is about: pure arithmetic of versions.
//!
//! Saves of one document are applied in the order they came, each judged against what the one
//! before it left, and each becomes a version of its own; the document is then written once.

use std::collections::HashMap;

use database::At;
use documents::{Bounds, Json};
use ids::{GameplayStateId, RoomId};

use crate::change::Change;
use crate::journal::Journal;
use crate::save::{Outcome, Save};
use crate::state::{GameplayId, GameplayState};
use crate::version::Tag;

/// A game in a room.
pub(crate) type Key = (RoomId, GameplayId);

/// A document as it lies in the database.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Current {
    pub(crate) tag: Tag,
    pub(crate) document: Json,
    pub(crate) journal: Journal,
    pub(crate) created_at: At,
    pub(crate) saved_at: At,
}

/// One document, and the versions of it that a group makes.
pub(crate) struct Plan {
    pub(crate) key: Key,
    /// The version that the plan was made for, or 0 when there is no state yet.
    pub(crate) base: i64,
    /// What the plan leaves.
    pub(crate) next: Option<Current>,
    /// The journals that became full on the way.
    pub(crate) segments: Vec<Segment>,
    /// What came of each save, by its place in the group.
    outcomes: Vec<(usize, Outcome)>,
}

/// A journal that is full, and the document that it leads back from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) last: Tag,
    pub(crate) saved_at: At,
    pub(crate) document: Json,
    pub(crate) journal: Journal,
}

/// The rules by which plans are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// How much a document may be.
    pub(crate) bounds: Bounds,
    /// Versions in a segment.
    pub(crate) segment: usize,
    /// Versions that are kept besides; none is kept when it is 0.
    pub(crate) versions: i64,
}

/// The documents that a group is about, each once.
pub(crate) fn keys(group: &[Save]) -> Vec<Key> {
    let mut keys: Vec<Key> = group.iter().map(Save::key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Plans a group on what there is. Documents come in the order of their keys, so that two writers
/// that lock several of them seldom wait for each other.
///
/// What came of a save before, when it was already done, comes of it again.
pub(crate) fn plans(
    group: &[Save],
    known: &HashMap<Key, Current>,
    before: &HashMap<usize, Outcome>,
    rules: Rules,
) -> Vec<Plan> {
    let mut plans: Vec<Plan> =
        keys(group).into_iter().map(|key| Plan::of(known.get(&key).cloned(), key)).collect();
    let places: HashMap<Key, usize> =
        (0..).zip(&plans).map(|(at, it)| (it.key.clone(), at)).collect();
    for (index, save) in group.iter().enumerate() {
        let Some(place) = places.get(&save.key()) else { continue };
        match before.get(&index) {
            Some(outcome) => plans[*place].outcomes.push((index, outcome.clone())),
            None => plans[*place].apply(index, save, rules),
        }
    }
    plans
}

impl Plan {
    fn of(current: Option<Current>, key: Key) -> Self {
        Self {
            key,
            base: current.as_ref().map_or(0, |it| it.tag.version),
            next: current,
            segments: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// What is to be written, if anything is.
    pub(crate) fn written(&self) -> Option<&Current> {
        self.next.as_ref().filter(|next| next.tag.version > self.base)
    }

    /// Whether some save was refused because of what the document is. Nothing is written of it, so
    /// that nothing would find out that the document is another by now.
    pub(crate) fn refuses(&self) -> bool {
        let refused =
            |it: &Outcome| matches!(it, Outcome::Stale(_) | Outcome::Nothing | Outcome::Misfit(_));
        self.outcomes.iter().any(|(_, outcome)| refused(outcome))
    }

    fn apply(&mut self, index: usize, save: &Save, rules: Rules) {
        let outcome = match self.judge(save, rules.bounds) {
            Ok(document) => Outcome::Saved(self.advance(save, document, rules)),
            Err(outcome) => outcome,
        };
        self.outcomes.push((index, outcome));
    }

    /// The document that a save makes of what the one before it left.
    fn judge(&self, save: &Save, bounds: Bounds) -> Result<Json, Outcome> {
        let tag = self.next.as_ref().map(|it| it.tag);
        if !save.condition.holds(tag) {
            return Err(Outcome::Stale(tag));
        }
        match (&save.change, &self.next) {
            (Change::Replace(document), _) => Ok(document.clone()),
            (change, Some(before)) => {
                change.apply(&before.document, bounds).map_err(Outcome::Misfit)
            }
            (_, None) => Err(Outcome::Nothing),
        }
    }

    /// Makes the next version.
    fn advance(&mut self, save: &Save, document: Json, rules: Rules) -> GameplayState {
        let before = self.next.take();
        let (tag, created_at, mut journal) = if let Some(it) = &before {
            let tag = Tag { version: it.tag.version + 1, ..it.tag };
            (tag, it.created_at, it.journal.clone())
        } else {
            let tag = Tag { state: GameplayStateId::new(), version: 1 };
            (tag, save.at.into(), Journal::default())
        };
        if rules.versions > 0 {
            journal.note(save, tag, &document, before.as_ref().map(|it| &it.document));
        } else {
            // What it led back from is about to be replaced.
            journal = Journal::default();
        }
        let saved_at = save.at.into();
        if journal.versions() >= rules.segment {
            let journal = std::mem::take(&mut journal);
            let document = document.clone();
            self.segments.push(Segment { last: tag, saved_at, document, journal });
        }
        let state = document.clone();
        self.next = Some(Current { tag, document, journal, created_at, saved_at });
        GameplayState {
            id: tag.state,
            room_id: save.room_id,
            gameplay_id: save.gameplay_id.as_str().to_owned(),
            state,
            version: tag.version,
            last_played_at: save.at,
            created_at: created_at.utc(),
            updated_at: save.at,
        }
    }
}

/// What came of each save of a group, in their order, and what there is now.
pub(crate) fn outcomes(plans: Vec<Plan>) -> (Vec<Outcome>, Vec<(Key, Current)>) {
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
    use crate::version::{Condition, Versions};

    const RULES: Rules =
        Rules { bounds: Bounds { bytes: 1000, depth: 8, nodes: 100 }, segment: 3, versions: 100 };

    /// What a client may ask for, before there are tags to name.
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
            room_id: RoomId::well_known(1),
            gameplay_id: GameplayId::from_column(&format!("game-{game}")),
            author: Author::Counsellor(AccountId::well_known(2)),
            change,
            condition: Condition { matches, matches_not },
            attempt: None,
            at: chrono::DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(second).unwrap()),
        }
    }

    /// The segments that were kept, of all games.
    type Past = Vec<(GameplayId, Segment)>;

    /// Carries groups out on a database that is a map; gives what came of each save, with the text
    /// of the document and its version, and all segments.
    fn carry_out<'a>(
        groups: impl Iterator<Item = &'a [Save]>,
    ) -> (Vec<String>, HashMap<Key, Current>, Past) {
        let mut database = HashMap::new();
        let (mut all, mut segments) = (Vec::new(), Vec::new());
        for group in groups {
            let plans = plans(group, &database, &HashMap::new(), RULES);
            for plan in &plans {
                let kept = plan.segments.iter().cloned();
                segments.extend(kept.map(|segment| (plan.key.1.clone(), segment)));
            }
            let (outcomes, current) = outcomes(plans);
            all.extend(outcomes.iter().map(told));
            database.extend(current);
        }
        (all, database, segments)
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
                let stretch = (current.document.clone(), current.journal.clone());
                let past = segments.iter().rev().filter(|(game, _)| *game == key.1);
                let past = past.map(|(_, it)| (it.document.clone(), it.journal.clone()));
                for (document, journal) in std::iter::once(stretch).chain(past) {
                    let mut document = Some(document);
                    for entry in journal.entries().unwrap() {
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
        let switched_off = Rules { versions: 0, ..RULES };
        let mut database = HashMap::new();
        for (n, rules) in [(1, RULES), (2, switched_off), (3, RULES)] {
            let group = [save((0, Wish::Replace(n)), 0)];
            let (_, current) = outcomes(plans(&group, &database, &HashMap::new(), rules));
            database.extend(current);
        }
        let current = database.into_values().next().unwrap();
        let entries = current.journal.entries().unwrap();
        let numbers: Vec<_> = entries.iter().map(|it| it.version.number).collect();
        assert_eq!(numbers, [3]);
        let before = entries[0].before(&current.document).unwrap().unwrap();
        assert_eq!(before.text(), r#"{"n":[2],"card-2":2}"#);
    }

    #[test]
    fn documents_are_written_in_the_order_of_their_keys() {
        let group: Vec<Save> =
            [2, 0, 1, 0].into_iter().map(|game| save((game, Wish::Replace(1)), 0)).collect();
        let plans = plans(&group, &HashMap::new(), &HashMap::new(), RULES);
        let games: Vec<_> = plans.iter().map(|plan| plan.key.1.as_str()).collect();
        assert_eq!(games, ["game-0", "game-1", "game-2"]);
    }
}
