DROP FUNCTION must_be_current;
DROP TRIGGER gameplay_states_forget_segments ON gameplay_states;
DROP FUNCTION forget_gameplay_segments;
DROP TABLE gameplay_segments;
ALTER TABLE gameplay_states DROP COLUMN journal, DROP COLUMN version;
