-- Records of consultations. A record belongs to a client and outlives the room, whose id it only names.
-- follow_up_date is a day such as 2026-11-30. Topics are a JSON array of texts.
CREATE TABLE consultation_records (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    client_id BLOB NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    counselor_id BLOB NOT NULL,
    room_id BLOB NOT NULL,
    session_date INTEGER NOT NULL,
    duration_minutes INTEGER,
    game_state TEXT,
    topics TEXT NOT NULL,
    notes TEXT,
    follow_up_required INTEGER NOT NULL CHECK (follow_up_required IN (0, 1)),
    follow_up_date TEXT,
    ai_summary TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX consultation_records_client_id_session_date_idx
    ON consultation_records (client_id, session_date DESC, id);

-- Screenshots of a record, by the files that hold them: a row each, so that concurrent uploads all stay.
CREATE TABLE consultation_screenshots (
    record_id BLOB NOT NULL REFERENCES consultation_records (id) ON DELETE CASCADE,
    file_id BLOB NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (record_id, file_id)
) STRICT;
