//! Saves that a client repeats: their outcome is kept with them, and comes of them again.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use ids::{GameplayStateId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::Json;
use store::idempotency::{AnswerRow, Attempt, Earlier, earlier};

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
pub(crate) fn attempts(group: &[Save]) -> impl Iterator<Item = &Attempt> + Clone {
    group.iter().filter_map(|save| save.attempt.as_ref())
}

/// What came before of the saves that are repeats, by their place in the group.
pub(crate) fn outcomes_before(group: &[Save], rows: &[AnswerRow]) -> HashMap<usize, Outcome> {
    let earlier = earlier(attempts(group), rows);
    let outcome = |save: &Save| {
        let attempt = save.attempt.as_ref()?;
        match earlier.get(&(attempt.author_id, attempt.key.as_str()))? {
            Earlier::Same(answer) => state_of(answer).map(Outcome::Saved),
            Earlier::Other => Some(Outcome::KeyReused),
        }
    };
    let outcomes =
        group.iter().enumerate().filter_map(|(index, save)| Some((index, outcome(save)?)));
    outcomes.collect()
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

fn state_of(answer: &str) -> Option<GameplayState> {
    let kept: Kept = serde_json::from_str(answer).ok()?;
    Some(GameplayState {
        id: kept.id,
        room_id: kept.room_id,
        gameplay_id: kept.gameplay_id,
        state: Json::restored(kept.state.get()).ok()?,
        version: kept.version,
        last_played_at: kept.last_played_at,
        created_at: kept.created_at,
        updated_at: kept.updated_at,
    })
}
