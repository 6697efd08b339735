-- The clients of counsellors. The keys are name and address in lower case, as the server folds them, so that
-- both databases compare and search them alike. Tags are a JSON array of texts.
-- A client's room belongs to that client alone; a client has any number of rooms.
CREATE TABLE clients (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    counselor_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT,
    name_key TEXT,
    email TEXT,
    email_key TEXT,
    phone TEXT,
    notes TEXT,
    tags TEXT NOT NULL,
    status TEXT NOT NULL,
    email_verified INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    verified_at INTEGER,
    verification_hash BLOB,
    verification_expires_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT clients_counselor_id_email_key_key UNIQUE (counselor_id, email_key),
    CONSTRAINT clients_verification_hash_key UNIQUE (verification_hash)
) STRICT;

CREATE INDEX clients_counselor_id_created_at_idx ON clients (counselor_id, created_at DESC, id);

ALTER TABLE rooms ADD COLUMN client_id BLOB REFERENCES clients (id) ON DELETE SET NULL;

CREATE INDEX rooms_client_id_created_at_idx ON rooms (client_id, created_at DESC) WHERE client_id IS NOT NULL;
