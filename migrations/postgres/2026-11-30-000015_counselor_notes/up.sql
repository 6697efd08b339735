-- What a counsellor notes about a room: at most one row for each.
CREATE TABLE counselor_notes (
    room_id uuid PRIMARY KEY REFERENCES rooms (id) ON DELETE CASCADE,
    content text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Texts that were replaced by one that lacks a part of them.
CREATE TABLE counselor_note_versions (
    room_id uuid NOT NULL REFERENCES counselor_notes (room_id) ON DELETE CASCADE,
    version bigint NOT NULL,
    content text NOT NULL,
    bytes integer NOT NULL,
    saved_at timestamptz NOT NULL,
    replaced_at timestamptz NOT NULL,
    PRIMARY KEY (room_id, version)
);

CREATE INDEX counselor_note_versions_replaced_at_idx ON counselor_note_versions (replaced_at);
