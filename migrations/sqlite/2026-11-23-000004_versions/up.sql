-- Versions of a gameplay state, and its past.
--
-- The state's row holds the current document and, in its journal, what leads back to the versions
-- before: so a save still writes one row. When the journal is long enough it moves, with the
-- document that it begins at, into a segment. Segments go with their state by a trigger and not by
-- a foreign key, which would look the state up again for each of them.
ALTER TABLE gameplay_states ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE gameplay_states ADD COLUMN journal TEXT NOT NULL DEFAULT '';

CREATE TABLE gameplay_segments (
    state_id BLOB NOT NULL CHECK (length(state_id) = 16),
    last_version INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    document TEXT NOT NULL,
    journal TEXT NOT NULL,
    PRIMARY KEY (state_id, last_version)
) STRICT;

CREATE TRIGGER gameplay_states_forget_segments AFTER DELETE ON gameplay_states
BEGIN
    DELETE FROM gameplay_segments WHERE state_id = OLD.id;
END;
