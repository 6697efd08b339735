//! The stored answers, and the queries on them.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use ids::AuthorId;
use serde::de::DeserializeOwned;

use super::in_flight::IdempotentRequest;
use crate::at::At;
use crate::group_commit::GroupError;
use crate::query::{Execute, Fetch, columns};
use crate::schema::idempotency_keys;

/// The time for which an answer is stored, unless the limits delete it sooner; it is deleted within an hour
/// after that.
pub const RETENTION: TimeDelta = TimeDelta::hours(24);

/// The answer to an earlier request with the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PriorAnswer {
    /// The answer to the same request.
    Same(String),
    /// The key was used for a different request.
    Different,
}

/// A row of `idempotency_keys`.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
pub struct AnswerRow {
    pub(super) author_id: AuthorId,
    pub(super) key: String,
    pub(super) fingerprint: Vec<u8>,
    pub(super) answer: String,
    pub(super) answered_at: At,
}

impl AnswerRow {
    /// The answer to a request.
    pub fn new(request: &IdempotentRequest, answer: String) -> Self {
        Self {
            author_id: request.author_id,
            key: request.key.clone(),
            fingerprint: request.fingerprint.clone(),
            answer,
            answered_at: request.at,
        }
    }
}

/// The stored answers of these authors under these keys. The rows include other combinations of them;
/// [`prior_answers`] pairs them.
pub fn find_answers<'a>(
    requests: impl Iterator<Item = &'a IdempotentRequest>,
) -> impl Fetch<'static, AnswerRow> {
    let (authors, keys): (Vec<_>, Vec<_>) =
        requests.map(|it| (it.author_id, it.key.clone())).unzip();
    idempotency_keys::table
        .select(columns::<AnswerRow>())
        .filter(idempotency_keys::author_id.eq_any(authors))
        .filter(idempotency_keys::key.eq_any(keys))
}

/// The prior answers to those of the requests that have one, by author and key.
pub fn prior_answers<'a>(
    requests: impl Iterator<Item = &'a IdempotentRequest>,
    rows: &[AnswerRow],
) -> HashMap<(AuthorId, &'a str), PriorAnswer> {
    let mut answers = HashMap::new();
    for request in requests {
        let row =
            rows.iter().find(|row| row.author_id == request.author_id && row.key == request.key);
        answers.extend(row.map(|row| {
            let is_same = row.fingerprint == request.fingerprint;
            let answer = if is_same {
                PriorAnswer::Same(row.answer.clone())
            } else {
                PriorAnswer::Different
            };
            ((request.author_id, request.key.as_str()), answer)
        }));
    }
    answers
}

/// Stores an answer, unless its key has one.
pub fn store_answer(row: &AnswerRow) -> impl Fetch<'_, AuthorId> {
    diesel::insert_into(idempotency_keys::table)
        .values(row)
        .on_conflict((idempotency_keys::author_id, idempotency_keys::key))
        .do_nothing()
        .returning(idempotency_keys::author_id)
}

/// Reads a stored answer.
///
/// # Errors
/// When it has another shape; this fails its own request only.
pub fn parse_answer<T: DeserializeOwned>(answer: &str) -> Result<T, GroupError> {
    let parsed = serde_json::from_str(answer);
    parsed.map_err(|error| DieselError::DeserializationError(Box::new(error)).into())
}

/// Fails the group when an answer was not stored because another instance stored one first.
///
/// # Errors
/// [`GroupError::Retry`], so that the other answer is found.
pub fn retry_unless_stored(is_stored: bool) -> Result<(), GroupError> {
    if is_stored { Ok(()) } else { Err(GroupError::Retry) }
}

/// Deletes the answers whose retention has ended at `now`.
pub fn delete_expired(now: DateTime<Utc>) -> impl Execute {
    let expired = idempotency_keys::answered_at.le(At::from(now - RETENTION));
    diesel::delete(idempotency_keys::table).filter(expired)
}
