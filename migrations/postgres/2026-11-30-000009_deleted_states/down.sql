DROP TABLE deleted_gameplay_states;
DROP FUNCTION forget_deleted_gameplay_segments;
CREATE OR REPLACE FUNCTION forget_gameplay_segments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM gameplay_segments WHERE state_id = OLD.id;
    RETURN NULL;
END
$$;
