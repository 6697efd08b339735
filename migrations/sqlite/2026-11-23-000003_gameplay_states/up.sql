-- The state of each game in a room: one document, saved as a whole. No index holds the times, so
-- that a save does not touch one; the unique key also finds a room's states.
CREATE TABLE gameplay_states (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    room_id BLOB NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    gameplay_id TEXT NOT NULL,
    state TEXT NOT NULL,
    last_played_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT gameplay_states_room_id_gameplay_id_key UNIQUE (room_id, gameplay_id)
) STRICT;
