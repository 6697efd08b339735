DROP TABLE deleted_gameplay_states;
DROP TRIGGER gameplay_states_forget_segments;
CREATE TRIGGER gameplay_states_forget_segments AFTER DELETE ON gameplay_states
BEGIN
    DELETE FROM gameplay_segments WHERE state_id = OLD.id;
END;
