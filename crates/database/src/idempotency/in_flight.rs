//! Requests with an idempotency key that are being carried out by this process.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use ids::AuthorId;
use values::IdempotencyKey;

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

/// The keys of requests that are being carried out. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Mutex<HashSet<(AuthorId, String)>>>);

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
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(entry.clone());
        let reservation = is_new.then(|| Reservation { keys: self.clone(), key: entry })?;
        let reservation = Arc::new(reservation);
        Some(IdempotentRequest { author_id, key, fingerprint, at, _reservation: reservation })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
