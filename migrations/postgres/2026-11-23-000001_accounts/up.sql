-- People with an account. E-mail addresses are stored in lower case, so that equality is enough.
-- A reset of the password is a part of the account: a newer one replaces it, using it removes it.
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    hashed_password text NOT NULL,
    roles text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    must_change_password boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    reset_token_hash bytea,
    reset_expires_at timestamptz,
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_reset_token_hash_key UNIQUE (reset_token_hash)
);
