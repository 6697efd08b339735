-- The clients of counsellors. The keys are name and address in lower case, as the server folds them, so that
-- both databases compare and search them alike. Tags are a JSON array of texts.
-- A client's room belongs to that client alone; a client has any number of rooms.
CREATE TABLE clients (
    id uuid PRIMARY KEY,
    counselor_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name text,
    name_key text,
    email text,
    email_key text,
    phone text,
    notes text,
    tags jsonb NOT NULL,
    status text NOT NULL,
    email_verified boolean NOT NULL,
    verified_at timestamptz,
    verification_hash bytea,
    verification_expires_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT clients_counselor_id_email_key_key UNIQUE (counselor_id, email_key),
    CONSTRAINT clients_verification_hash_key UNIQUE (verification_hash)
);

CREATE INDEX clients_counselor_id_created_at_idx ON clients (counselor_id, created_at DESC, id);

ALTER TABLE rooms ADD COLUMN client_id uuid REFERENCES clients (id) ON DELETE SET NULL;

CREATE INDEX rooms_client_id_created_at_idx ON rooms (client_id, created_at DESC) WHERE client_id IS NOT NULL;
