-- Requests that their clients may repeat, with the answer that a repetition gets.
CREATE TABLE idempotency_keys (
    author_id BLOB NOT NULL CHECK (length(author_id) = 16),
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    answer TEXT NOT NULL,
    answered_at INTEGER NOT NULL,
    PRIMARY KEY (author_id, key)
) STRICT;

CREATE INDEX idempotency_keys_answered_at_idx ON idempotency_keys (answered_at);
