-- The state of each game in a room: one document, saved as a whole. No index holds the times, so
-- that a save does not touch one; the unique key also finds a room's states.
CREATE TABLE gameplay_states (
    id uuid PRIMARY KEY,
    room_id uuid NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    gameplay_id text NOT NULL,
    state jsonb NOT NULL,
    last_played_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT gameplay_states_room_id_gameplay_id_key UNIQUE (room_id, gameplay_id)
) WITH (fillfactor = 80);
