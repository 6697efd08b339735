-- Requests that their clients may repeat, with the answer that a repetition gets.
CREATE TABLE idempotency_keys (
    author_id uuid NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    answer text NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (author_id, key)
);

CREATE INDEX idempotency_keys_answered_at_idx ON idempotency_keys (answered_at);
