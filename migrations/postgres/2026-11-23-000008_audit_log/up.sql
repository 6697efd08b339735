-- What was done to accounts: by whom, when and from where. Entries outlive the accounts they name.
CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    action text NOT NULL,
    actor_id uuid,
    account_id uuid,
    session_id uuid,
    address text NOT NULL,
    device text NOT NULL
);

CREATE INDEX audit_log_at_idx ON audit_log (at, id);
CREATE INDEX audit_log_account_id_idx ON audit_log (account_id, at, id);
