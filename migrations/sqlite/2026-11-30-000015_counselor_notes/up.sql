-- What a counsellor notes about a room: at most one row for each.
CREATE TABLE counselor_notes (
    room_id BLOB NOT NULL PRIMARY KEY REFERENCES rooms (id) ON DELETE CASCADE,
    content TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Texts that were replaced by one that lacks a part of them.
CREATE TABLE counselor_note_versions (
    room_id BLOB NOT NULL REFERENCES counselor_notes (room_id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    content TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    replaced_at INTEGER NOT NULL,
    PRIMARY KEY (room_id, version)
) STRICT;

CREATE INDEX counselor_note_versions_replaced_at_idx ON counselor_note_versions (replaced_at);
