-- The presence of rooms at the end of a process, for the next one. There is no reference to the room, so that
-- storing it waits for no lock of a room; old rows are deleted each hour.
CREATE TABLE presence_handovers (
    room_id uuid PRIMARY KEY,
    presence text NOT NULL,
    stored_at timestamptz NOT NULL
);

CREATE INDEX presence_handovers_stored_at_idx ON presence_handovers (stored_at);
