-- The presence of rooms at the end of a process, for the next one. There is no reference to the room, so that
-- storing it waits for no lock of a room; old rows are deleted each hour.
CREATE TABLE presence_handovers (
    room_id BLOB NOT NULL PRIMARY KEY CHECK (length(room_id) = 16),
    presence TEXT NOT NULL,
    stored_at INTEGER NOT NULL
) STRICT;

CREATE INDEX presence_handovers_stored_at_idx ON presence_handovers (stored_at);
