//! Saves that a client repeats with the same `Idempotency-Key`.
//!
//! What is stored under a key is small, whatever the document: the state's id and version, from which
//! the answer is rebuilt. It is written in the transaction of the save.

use std::collections::HashMap;

use database::group_commit::GroupError;
use database::idempotency::{
    AnswerRow, IdempotentRequest, PriorAnswer, parse_answer, prior_answers,
};
use diesel::result::Error as DieselError;

use crate::save::{Outcome, Save};
use crate::state::GameplayState;
use crate::stored_answer::StoredAnswer;

/// The attempts under a key in a group.
pub(crate) fn attempts(group: &[Save]) -> impl Iterator<Item = &IdempotentRequest> + Clone {
    group.iter().filter_map(|save| save.attempt.as_ref())
}

/// The outcomes of saves that were carried out earlier under the same key, by their index in the group.
///
/// # Errors
/// When a stored answer cannot be read.
pub(crate) fn outcomes(
    group: &[Save],
    rows: &[AnswerRow],
) -> Result<HashMap<usize, Outcome>, GroupError> {
    let earlier = prior_answers(attempts(group), rows);
    let mut outcomes = HashMap::new();
    for (index, save) in group.iter().enumerate() {
        let name = save.attempt.as_ref().map(|it| (it.author_id, it.key.as_str()));
        let outcome = match name.and_then(|name| earlier.get(&name)) {
            Some(PriorAnswer::Same(answer)) => Outcome::Repeated(parse_answer(answer)?),
            Some(PriorAnswer::Different) => Outcome::KeyReused,
            None => continue,
        };
        outcomes.insert(index, outcome);
    }
    Ok(outcomes)
}

/// The answers to store for the saves that were carried out now.
///
/// # Errors
/// When an answer cannot be written as JSON.
pub(crate) fn answers(
    group: &[Save],
    replayed: &HashMap<usize, Outcome>,
    outcomes: &[Outcome],
) -> Result<Vec<AnswerRow>, GroupError> {
    let saves = group.iter().zip(outcomes).enumerate();
    let stored = saves.filter_map(|(index, (save, outcome))| match (&save.attempt, outcome) {
        (Some(attempt), Outcome::Saved(state)) if !replayed.contains_key(&index) => {
            Some(stored(state).map(|answer| AnswerRow::new(attempt, answer)))
        }
        _ => None,
    });
    stored.collect()
}

fn stored(state: &GameplayState) -> Result<String, GroupError> {
    serde_json::to_string(&StoredAnswer::of(state))
        .map_err(|error| DieselError::SerializationError(Box::new(error)).into())
}
