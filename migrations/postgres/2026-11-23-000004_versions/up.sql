-- Versions of a gameplay state, and its past.
--
-- The state's row holds the current document and, in its journal, what leads back to the versions
-- before: so a save still writes one row. When the journal is long enough it moves, with the
-- document that it begins at, into a segment. Segments go with their state by a trigger and not by
-- a foreign key, which would look the state up again for each of them.
ALTER TABLE gameplay_states
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN journal text NOT NULL DEFAULT '';

CREATE TABLE gameplay_segments (
    state_id uuid NOT NULL,
    last_version bigint NOT NULL,
    saved_at timestamptz NOT NULL,
    document jsonb NOT NULL,
    journal text NOT NULL,
    PRIMARY KEY (state_id, last_version)
);

CREATE FUNCTION forget_gameplay_segments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM gameplay_segments WHERE state_id = OLD.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER gameplay_states_forget_segments AFTER DELETE ON gameplay_states
    FOR EACH ROW EXECUTE FUNCTION forget_gameplay_segments();

-- Undoes a statement that found other versions than it was made for.
CREATE FUNCTION must_be_current(is_current boolean) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT is_current THEN
        RAISE serialization_failure USING MESSAGE = 'another writer changed a document';
    END IF;
    RETURN true;
END
$$;

-- lz4 costs a save a fraction of what the default does. A server built without it keeps the default.
DO $$
BEGIN
    ALTER TABLE gameplay_states
        ALTER COLUMN state SET COMPRESSION lz4, ALTER COLUMN journal SET COMPRESSION lz4;
    ALTER TABLE gameplay_segments
        ALTER COLUMN document SET COMPRESSION lz4, ALTER COLUMN journal SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END
$$;
