//! Saves that a client repeats: their outcome is kept with them, and comes of them again.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use database::group_commit::GroupError;
use database::idempotency::{
    AnswerRow, IdempotentRequest, PriorAnswer, parse_answer, prior_answers,
};
use documents::Json;
use ids::{GameplayStateId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::save::{Outcome, Save};
use crate::state::GameplayState;

/// A state as an answer keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: GameplayStateId,
    room_id: RoomId,
    gameplay_id: String,
    version: i64,
    last_played_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    state: Box<RawValue>,
}

/// The saves of a group that may be repeats.
pub(crate) fn attempts(group: &[Save]) -> impl Iterator<Item = &IdempotentRequest> + Clone {
    group.iter().filter_map(|save| save.attempt.as_ref())
}

/// What came before of the saves that are repeats, by their place in the group.
///
/// # Errors
/// When an answer cannot be read that was kept.
pub(crate) fn outcomes_before(
    group: &[Save],
    rows: &[AnswerRow],
) -> Result<HashMap<usize, Outcome>, GroupError> {
    let earlier = prior_answers(attempts(group), rows);
    let mut outcomes = HashMap::new();
    for (index, save) in group.iter().enumerate() {
        let name = save.attempt.as_ref().map(|it| (it.author_id, it.key.as_str()));
        let outcome = match name.and_then(|name| earlier.get(&name)) {
            Some(PriorAnswer::Same(answer)) => Outcome::Saved(parse_answer::<Kept>(answer)?.into()),
            Some(PriorAnswer::Different) => Outcome::KeyReused,
            None => continue,
        };
        outcomes.insert(index, outcome);
    }
    Ok(outcomes)
}

/// What to keep of the saves that were carried out now, for when they are repeated.
pub(crate) fn answers<'a>(
    group: &'a [Save],
    before: &'a HashMap<usize, Outcome>,
    outcomes: &'a [Outcome],
) -> impl Iterator<Item = AnswerRow> + 'a {
    group.iter().zip(outcomes).enumerate().filter_map(|(index, (save, outcome))| {
        match (&save.attempt, outcome) {
            (Some(attempt), Outcome::Saved(state)) if !before.contains_key(&index) => {
                Some(AnswerRow::new(attempt, answer_of(state)))
            }
            _ => None,
        }
    })
}

fn answer_of(state: &GameplayState) -> String {
    let kept = Kept {
        id: state.id,
        room_id: state.room_id,
        gameplay_id: state.gameplay_id.clone(),
        version: state.version,
        last_played_at: state.last_played_at,
        created_at: state.created_at,
        updated_at: state.updated_at,
        state: state.state.to_raw(),
    };
    serde_json::to_string(&kept).unwrap_or_default()
}

impl From<Kept> for GameplayState {
    fn from(kept: Kept) -> Self {
        Self {
            id: kept.id,
            room_id: kept.room_id,
            gameplay_id: kept.gameplay_id,
            state: Json::from_raw(kept.state),
            version: kept.version,
            last_played_at: kept.last_played_at,
            created_at: kept.created_at,
            updated_at: kept.updated_at,
        }
    }
}
