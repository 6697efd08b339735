-- What was done to accounts: by whom, when and from where. Entries outlive the accounts they name.
CREATE TABLE audit_log (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    actor_id BLOB,
    account_id BLOB,
    session_id BLOB,
    address TEXT NOT NULL,
    device TEXT NOT NULL
) STRICT;

CREATE INDEX audit_log_at_idx ON audit_log (at, id);
CREATE INDEX audit_log_account_id_idx ON audit_log (account_id, at, id);
