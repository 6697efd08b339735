//! Requests with an idempotency key that are being carried out by this process.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ids::AuthorId;
use values::IdempotencyKey;

use super::key_limits::KeyLimits;
use crate::at::At;

/// A request with an idempotency key. While it exists, other requests with its key are refused.
#[derive(Clone, Debug)]
pub struct IdempotentRequest {
    /// The owner of the key: keys of different authors are independent.
    pub author_id: AuthorId,
    /// The client's name for the request.
    pub key: String,
    /// A hash of the request, which tells it from others with the same key.
    pub fingerprint: Vec<u8>,
    /// The time of its arrival.
    pub at: At,
    _reservation: Arc<Reservation>,
}

/// The keys of requests that are being carried out, and how many requests began. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Mutex<Keys>>);

#[derive(Debug, Default)]
struct Keys {
    in_flight: HashSet<(AuthorId, String)>,
    /// Requests of each author since the limit was enforced for the author.
    begun: HashMap<AuthorId, i64>,
    /// Requests of all authors since their limit was enforced.
    begun_by_all: i64,
}

/// Authors whose requests are counted at most. Beyond that the counts start again; the limit of all
/// authors still holds.
const COUNTED_AUTHORS_MAX: usize = 100_000;

/// A key in the set, removed when this is dropped.
#[derive(Debug)]
struct Reservation {
    keys: InFlight,
    key: (AuthorId, String),
}

impl InFlight {
    /// Reserves the key, unless a request with the same key is being carried out.
    pub fn begin(
        &self,
        author_id: AuthorId,
        IdempotencyKey { key, fingerprint }: IdempotencyKey,
        at: At,
    ) -> Option<IdempotentRequest> {
        let entry = (author_id, key.clone());
        let is_new = self.keys().begin(entry.clone());
        let reservation = is_new.then(|| Reservation { keys: self.clone(), key: entry })?;
        let reservation = Arc::new(reservation);
        Some(IdempotentRequest { author_id, key, fingerprint, at, _reservation: reservation })
    }

    /// The authors that may have more answers than the limit by now, and whether all together may. An
    /// author may exceed the limit by a tenth, and by what is stored between two calls.
    pub(super) fn due(&self, limits: KeyLimits) -> (Vec<AuthorId>, bool) {
        self.keys().due(limits)
    }

    /// Starts the count of an author again.
    pub(super) fn enforced(&self, author: AuthorId) {
        self.keys().begun.remove(&author);
    }

    /// Starts the count of all authors together again.
    pub(super) fn enforced_for_all(&self) {
        self.keys().begun_by_all = 0;
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    fn begin(&mut self, entry: (AuthorId, String)) -> bool {
        let author = entry.0;
        let is_new = self.in_flight.insert(entry);
        if is_new {
            if self.begun.len() >= COUNTED_AUTHORS_MAX {
                self.begun.clear();
            }
            *self.begun.entry(author).or_default() += 1;
            self.begun_by_all += 1;
        }
        is_new
    }

    fn due(&self, limits: KeyLimits) -> (Vec<AuthorId>, bool) {
        let is_due = |begun: i64, limit: i64| begun > limit / 10;
        let authors = self.begun.iter().filter(|(_, begun)| is_due(**begun, limits.per_author));
        (authors.map(|(author, _)| *author).collect(), is_due(self.begun_by_all, limits.total))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.keys.keys().in_flight.remove(&self.key);
    }
}
