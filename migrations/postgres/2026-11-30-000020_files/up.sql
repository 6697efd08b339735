-- Files that people upload. Their bytes lie in the folder `files.store`, under `object_key`, which is not
-- to be guessed. A row without `stored_at` is written before its object, one with `deleted_at` goes after
-- its object, so that every object has a row. A file whose owner or room is gone is deleted.
CREATE TABLE files (
    id uuid PRIMARY KEY,
    owner_id uuid REFERENCES users (id) ON DELETE SET NULL,
    room_id uuid REFERENCES rooms (id) ON DELETE SET NULL,
    kind text NOT NULL,
    object_key text NOT NULL,
    name text NOT NULL,
    content_type text NOT NULL,
    bytes bigint NOT NULL,
    created_at timestamptz NOT NULL,
    stored_at timestamptz,
    deleted_at timestamptz,
    CONSTRAINT files_object_key_key UNIQUE (object_key)
);

CREATE INDEX files_owner_id_idx ON files (owner_id);
CREATE INDEX files_room_id_idx ON files (room_id);
CREATE INDEX files_pending_idx ON files (created_at) WHERE stored_at IS NULL AND deleted_at IS NULL;
CREATE INDEX files_without_owner_idx ON files (id) WHERE owner_id IS NULL AND deleted_at IS NULL;
CREATE INDEX files_without_room_idx ON files (id) WHERE room_id IS NULL AND deleted_at IS NULL;
CREATE INDEX files_deleted_at_idx ON files (deleted_at) WHERE deleted_at IS NOT NULL;
