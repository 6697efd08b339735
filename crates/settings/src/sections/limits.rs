//! Sizes of requests and documents.

use crate::keys::Keys;

/// Sizes of requests and documents.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest path and query, in bytes, 256 to 65,535.
    pub url_bytes: usize,
    /// Names and values of all headers of a request together, in bytes, 1 KiB to 128 KiB.
    pub headers_bytes: usize,
    /// Largest body of a request, in bytes, 1 KiB to 16 MiB.
    pub body_bytes: usize,
    /// How long a body may take to arrive, in milliseconds, 100 to 60,000.
    pub body_timeout_ms: u64,
    /// Largest gameplay state, in bytes, 1 KiB to 16 MiB.
    pub state_bytes: usize,
    /// Arrays and objects inside one another in a gameplay state, 1 to 100.
    pub state_depth: usize,
    /// Values in a gameplay state, 1 to 1,000,000.
    pub state_nodes: usize,
    /// Gameplay states of one room, 1 to 100,000.
    pub room_games: usize,
    /// Largest page of a room's gameplay states, in bytes of documents, 1 KiB to 64 MiB.
    pub list_bytes: usize,
    /// Answers stored under the idempotency keys of one author, 1 to 1,000,000.
    pub idempotency_keys_per_author: i64,
    /// Answers stored under idempotency keys, 1 to 100,000,000.
    pub idempotency_keys: i64,
    /// Users that an administrator creates in one batch at most, 1 to 10,000.
    pub batch_users: usize,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

impl Limits {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        Self {
            url_bytes: keys.number("limits.url_bytes", 256..=65_535),
            headers_bytes: keys.number("limits.headers_bytes", KIB..=128 * KIB),
            body_bytes: keys.number("limits.body_bytes", KIB..=16 * MIB),
            body_timeout_ms: keys.number("limits.body_timeout_ms", 100..=60_000),
            state_bytes: keys.number("limits.state_bytes", KIB..=16 * MIB),
            state_depth: keys.number("limits.state_depth", 1..=100),
            state_nodes: keys.number("limits.state_nodes", 1..=1_000_000),
            room_games: keys.number("limits.room_games", 1..=100_000),
            list_bytes: keys.number("limits.list_bytes", KIB..=64 * MIB),
            idempotency_keys_per_author: keys
                .number("limits.idempotency_keys_per_author", 1..=1_000_000),
            idempotency_keys: keys.number("limits.idempotency_keys", 1..=100_000_000),
            batch_users: keys.number("limits.batch_users", 1..=10_000),
        }
    }
}
