-- People with an account. E-mail addresses are stored in lower case, so that equality is enough.
-- A reset of the password is a part of the account: a newer one replaces it, using it removes it.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    hashed_password TEXT NOT NULL,
    roles TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    must_change_password INTEGER NOT NULL DEFAULT 0 CHECK (must_change_password IN (0, 1)),
    created_at INTEGER NOT NULL,
    reset_token_hash BLOB,
    reset_expires_at INTEGER,
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_reset_token_hash_key UNIQUE (reset_token_hash)
) STRICT;
