-- Deleted gameplay states, which can be restored while their history is stored. The last segment of a
-- deleted state holds its last document. A game has one: the next deletion replaces it.
CREATE TABLE deleted_gameplay_states (
    id uuid PRIMARY KEY,
    room_id uuid NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    gameplay_id text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz NOT NULL,
    CONSTRAINT deleted_gameplay_states_room_id_gameplay_id_key UNIQUE (room_id, gameplay_id)
);

CREATE INDEX deleted_gameplay_states_deleted_at_idx ON deleted_gameplay_states (deleted_at);

-- The history of a state stays when the state is deleted, and goes with its room.
CREATE OR REPLACE FUNCTION forget_gameplay_segments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM gameplay_segments WHERE state_id = OLD.id
        AND NOT EXISTS (SELECT FROM rooms WHERE id = OLD.room_id);
    RETURN NULL;
END
$$;

CREATE FUNCTION forget_deleted_gameplay_segments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM gameplay_segments WHERE state_id = OLD.id
        AND NOT EXISTS (SELECT FROM gameplay_states WHERE id = OLD.id);
    RETURN NULL;
END
$$;

CREATE TRIGGER deleted_gameplay_states_forget_segments AFTER DELETE ON deleted_gameplay_states
    FOR EACH ROW EXECUTE FUNCTION forget_deleted_gameplay_segments();
