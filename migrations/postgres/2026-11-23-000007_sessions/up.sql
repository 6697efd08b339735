-- Log-ins that last: one row each, whose refresh token changes with its generation. Only hashes of
-- the current token and of the one before are kept.
-- A session is good while its epoch is that of its account; a new password begins another epoch.
ALTER TABLE users ADD COLUMN session_epoch integer NOT NULL DEFAULT 0;

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch integer NOT NULL,
    generation bigint NOT NULL,
    token_hash bytea NOT NULL,
    previous_hash bytea,
    rotated_at timestamptz NOT NULL,
    device text NOT NULL,
    network text NOT NULL,
    created_at timestamptz NOT NULL,
    idle_until timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    ended_at timestamptz
);

CREATE INDEX sessions_account_id_idx ON sessions (account_id);
CREATE INDEX sessions_idle_until_idx ON sessions (idle_until);
