DROP INDEX rooms_client_id_created_at_idx;
ALTER TABLE rooms DROP COLUMN client_id;
DROP TABLE clients;
