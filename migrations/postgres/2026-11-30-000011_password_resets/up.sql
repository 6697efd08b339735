-- Pending resets of passwords: at most one row for each slot of an account, and the code has three slots, so
-- that requests neither replace a token nor grow the table.
-- A token is good while its epoch is that of its account; a new password begins another epoch.
-- It takes the place of users.reset_token_hash and users.reset_expires_at, which the code before reads.
CREATE TABLE password_resets (
    account_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    slot integer NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    epoch integer NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, slot)
);

INSERT INTO password_resets (account_id, slot, token_hash, epoch, expires_at)
SELECT id, 0, reset_token_hash, session_epoch, reset_expires_at
FROM users
WHERE reset_token_hash IS NOT NULL AND reset_expires_at IS NOT NULL;
