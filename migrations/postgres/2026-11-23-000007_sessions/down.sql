DROP TABLE sessions;
ALTER TABLE users DROP COLUMN session_epoch;
