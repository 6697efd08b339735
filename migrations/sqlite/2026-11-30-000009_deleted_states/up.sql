-- Deleted gameplay states, which can be restored while their history is stored. The last segment of a
-- deleted state holds its last document. A game has one: the next deletion replaces it.
CREATE TABLE deleted_gameplay_states (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    room_id BLOB NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    gameplay_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL,
    CONSTRAINT deleted_gameplay_states_room_id_gameplay_id_key UNIQUE (room_id, gameplay_id)
) STRICT;

CREATE INDEX deleted_gameplay_states_deleted_at_idx ON deleted_gameplay_states (deleted_at);

-- The history of a state stays when the state is deleted, and goes with its room.
DROP TRIGGER gameplay_states_forget_segments;
CREATE TRIGGER gameplay_states_forget_segments AFTER DELETE ON gameplay_states
    WHEN NOT EXISTS (SELECT 1 FROM rooms WHERE id = OLD.room_id)
BEGIN
    DELETE FROM gameplay_segments WHERE state_id = OLD.id;
END;

CREATE TRIGGER deleted_gameplay_states_forget_segments AFTER DELETE ON deleted_gameplay_states
    WHEN NOT EXISTS (SELECT 1 FROM gameplay_states WHERE id = OLD.id)
BEGIN
    DELETE FROM gameplay_segments WHERE state_id = OLD.id;
END;
