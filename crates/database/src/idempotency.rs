//! Requests that a client may repeat without their effect being repeated.
//!
//! A client that got no answer sends its request again with the same key. The answer is kept in the
//! transaction of the effect, so that there are either both or neither, and a repetition gets it
//! again. Source: draft-ietf-httpapi-idempotency-key-header-07.

mod many;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use ids::AuthorId;
use serde::de::DeserializeOwned;
use values::IdempotencyKey;

pub use many::{KeepMany, keep_many};

use crate::group_commit::Setback;
use crate::schema::idempotency_keys;
use crate::{At, Execute, Fetch, columns};

/// How long an answer is kept at least; it is forgotten within an hour after that.
pub const KEPT: TimeDelta = TimeDelta::hours(24);

/// A request with a key.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Who asks; everybody has keys of their own.
    pub author_id: AuthorId,
    /// The client's name for the request.
    pub key: String,
    /// What tells the request from others with the same key.
    pub fingerprint: Vec<u8>,
    /// When it was sent.
    pub at: At,
    /// Keeps others with the same key out until this one is done.
    _ticket: Arc<Ticket>,
}

/// The answer to an attempt that was made before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// The same request; this was its answer.
    Same(String),
    /// Another request, with the same key.
    Other,
}

/// The keys of requests that are being carried out. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Mutex<HashSet<(AuthorId, String)>>>);

/// A key's place among those in flight, given up when it is dropped.
#[derive(Debug)]
struct Ticket {
    keys: InFlight,
    key: (AuthorId, String),
}

impl InFlight {
    /// Begins an attempt, unless one with the same key is under way.
    pub fn begin(
        &self,
        author_id: AuthorId,
        IdempotencyKey { key, fingerprint }: IdempotencyKey,
        at: At,
    ) -> Option<Attempt> {
        let place = (author_id, key.clone());
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(place.clone());
        let ticket = is_new.then(|| Ticket { keys: self.clone(), key: place })?;
        Some(Attempt { author_id, key, fingerprint, at, _ticket: Arc::new(ticket) })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// A row of `idempotency_keys`.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
pub struct AnswerRow {
    author_id: AuthorId,
    key: String,
    fingerprint: Vec<u8>,
    answer: String,
    answered_at: At,
}

impl AnswerRow {
    /// The answer to an attempt.
    pub fn new(attempt: &Attempt, answer: String) -> Self {
        Self {
            author_id: attempt.author_id,
            key: attempt.key.clone(),
            fingerprint: attempt.fingerprint.clone(),
            answer,
            answered_at: attempt.at,
        }
    }
}

/// What was answered to these authors under these keys; which belong together is looked at in
/// [`earlier`].
pub fn answers<'a>(attempts: impl Iterator<Item = &'a Attempt>) -> impl Fetch<'static, AnswerRow> {
    let (authors, keys): (Vec<_>, Vec<_>) =
        attempts.map(|it| (it.author_id, it.key.clone())).unzip();
    idempotency_keys::table
        .select(columns::<AnswerRow>())
        .filter(idempotency_keys::author_id.eq_any(authors))
        .filter(idempotency_keys::key.eq_any(keys))
}

/// Which of the attempts were made before, by their keys.
pub fn earlier<'a>(
    attempts: impl Iterator<Item = &'a Attempt>,
    rows: &[AnswerRow],
) -> HashMap<(AuthorId, &'a str), Earlier> {
    let mut earlier = HashMap::new();
    for attempt in attempts {
        let row =
            rows.iter().find(|row| row.author_id == attempt.author_id && row.key == attempt.key);
        earlier.extend(row.map(|row| {
            let is_same = row.fingerprint == attempt.fingerprint;
            let answer = if is_same { Earlier::Same(row.answer.clone()) } else { Earlier::Other };
            ((attempt.author_id, attempt.key.as_str()), answer)
        }));
    }
    earlier
}

/// Keeps an answer, unless there is one.
pub fn keep(row: &AnswerRow) -> impl Fetch<'_, AuthorId> {
    diesel::insert_into(idempotency_keys::table)
        .values(row)
        .on_conflict((idempotency_keys::author_id, idempotency_keys::key))
        .do_nothing()
        .returning(idempotency_keys::author_id)
}

/// What was kept as an answer.
///
/// # Errors
/// When it cannot be read, which fails its own repetition and nobody else's.
pub fn read<T: DeserializeOwned>(answer: &str) -> Result<T, Setback> {
    let read = serde_json::from_str(answer);
    read.map_err(|error| DieselError::DeserializationError(Box::new(error)).into())
}

/// Ends the group when an answer was not kept: another instance was faster.
///
/// # Errors
/// [`Setback::Again`], so that the other's answer is found.
pub fn must_be_kept(is_kept: bool) -> Result<(), Setback> {
    if is_kept { Ok(()) } else { Err(Setback::Again) }
}

/// Forgets the answers that need not be kept any more at `now`.
pub fn forget_old(now: DateTime<Utc>) -> impl Execute {
    let old = idempotency_keys::answered_at.le(At::from(now - KEPT));
    diesel::delete(idempotency_keys::table).filter(old)
}
