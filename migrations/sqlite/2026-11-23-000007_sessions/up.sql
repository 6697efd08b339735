-- Log-ins that last: one row each, whose refresh token changes with its generation. Only hashes of
-- the current token and of the one before are kept.
-- A session is good while its epoch is that of its account; a new password begins another epoch.
ALTER TABLE users ADD COLUMN session_epoch INTEGER NOT NULL DEFAULT 0;

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    token_hash BLOB NOT NULL,
    previous_hash BLOB,
    rotated_at INTEGER NOT NULL,
    device TEXT NOT NULL,
    network TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    idle_until INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;

CREATE INDEX sessions_account_id_idx ON sessions (account_id);
CREATE INDEX sessions_idle_until_idx ON sessions (idle_until);
