//! The versions that a group of saves makes: pure functions of the group and the current documents.
//!
//! Saves of one document are applied in the order of their arrival, each to the outcome of the one
//! before it, and each makes a version of its own; the document is then written once.

use std::collections::HashMap;

use database::At;
use documents::{Bounds, Json};
use ids::{GameplayStateId, RoomId};

use crate::before::Before;
use crate::change::Change;
use crate::journal::Journal;
use crate::precomputed::{Step, StepRules, Uncomputed, is_expensive};
use crate::save::{Deleted, Outcome, Save};
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
    /// Whether the row holds no JSON; `document` is then `null`. Only a full save can follow.
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
    /// The last versions of the deleted states that the group restores.
    pub(crate) deleted: HashMap<GameplayStateId, i64>,
}

impl Rules {
    /// Those that a single step observes.
    fn of_steps(self) -> StepRules {
        StepRules { bounds: self.bounds, stores_history: self.history_versions > 0 }
    }
}

impl Known {
    /// The deleted states that the group restores, sorted, each once.
    pub(crate) fn restored(&self, group: &[Save]) -> Vec<GameplayStateId> {
        let restores = group.iter().filter(|save| !self.current.contains_key(&save.key()));
        let mut ids: Vec<_> =
            restores.filter_map(|save| save.restores).map(|it| it.tag.state).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Whether the same documents exist, at the same versions.
    pub(crate) fn has_versions_of(&self, other: &Self) -> bool {
        let has = |(key, current): (&StateKey, &Current)| {
            self.current.get(key).is_some_and(|it| it.tag == current.tag)
        };
        self.current.len() == other.current.len() && other.current.iter().all(has)
    }

    /// Whether a deleted state is still at the version that a restore was made for.
    fn has_deleted(&self, Deleted { tag, .. }: Deleted) -> bool {
        self.deleted.get(&tag.state) == Some(&tag.version)
    }
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
            None => plans[*place].apply(index, save, known, &mut games, rules),
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
        known: &Known,
        games: &mut HashMap<RoomId, usize>,
        rules: Rules,
    ) {
        let outcome = match self.step(save, known, games, rules) {
            Ok(step) => Outcome::Saved(self.advance(save, step, rules)),
            Err(outcome) => outcome,
        };
        self.outcomes.push((index, outcome));
    }

    /// The document that a save makes of the one before it, and how to get back.
    fn step(
        &self,
        save: &Save,
        known: &Known,
        games: &mut HashMap<RoomId, usize>,
        rules: Rules,
    ) -> Result<Step, Outcome> {
        let tag = self.next.as_ref().map(|it| it.tag);
        if !save.condition.holds(tag) {
            return Err(Outcome::Stale(tag));
        }
        match (&self.next, &save.change) {
            (None, Change::Replace(document)) => {
                if save.restores.is_some_and(|deleted| !known.has_deleted(deleted)) {
                    return Err(Outcome::Stale(None));
                }
                let games = games.entry(save.room_id).or_default();
                if *games >= rules.room_games {
                    return Err(Outcome::TooManyGames(rules.room_games));
                }
                *games += 1;
                Ok(Step { document: document.clone(), before: Before::Nothing })
            }
            (None, _) => Err(Outcome::NoState),
            (Some(before), Change::Replace(document)) if before.is_damaged => {
                Ok(Step { document: document.clone(), before: Before::Nothing })
            }
            (Some(before), _) if before.is_damaged => Err(Outcome::Damaged(before.tag)),
            (Some(before), change) => {
                let ahead = save.precomputed.as_ref().and_then(|it| it.on(before.tag));
                let step = match ahead {
                    Some(step) => step,
                    None if is_expensive(change, &before.document) => {
                        let current = before.document.clone();
                        let uncomputed = Uncomputed::new(before.tag, current, rules.of_steps());
                        return Err(Outcome::Expensive(uncomputed));
                    }
                    None => Step::of(change, &before.document, rules.of_steps()),
                };
                step.map_err(Outcome::NotApplicable)
            }
        }
    }

    /// Makes the next version.
    fn advance(&mut self, save: &Save, step: Step, rules: Rules) -> GameplayState {
        let Step { document, before: back } = step;
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
        if matches!(back, Before::Nothing) {
            // The document that its entries are relative to is gone.
            journal = Journal::default();
        }
        if rules.history_versions > 0 {
            journal.append(save, tag, document.text().len(), &back);
        }
        let saved_at = save.at.into();
        if journal.is_full(rules.segment_versions) {
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
mod tests;
