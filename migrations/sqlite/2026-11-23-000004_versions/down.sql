DROP TRIGGER gameplay_states_forget_segments;
DROP TABLE gameplay_segments;
ALTER TABLE gameplay_states DROP COLUMN journal;
ALTER TABLE gameplay_states DROP COLUMN version;
