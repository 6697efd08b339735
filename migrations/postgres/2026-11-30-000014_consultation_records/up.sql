-- Records of consultations. A record belongs to a client and outlives the room, whose id it only names.
-- follow_up_date is a day such as 2026-11-30. Topics are a JSON array of texts.
CREATE TABLE consultation_records (
    id uuid PRIMARY KEY,
    client_id uuid NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    counselor_id uuid NOT NULL,
    room_id uuid NOT NULL,
    session_date timestamptz NOT NULL,
    duration_minutes integer,
    game_state jsonb,
    topics jsonb NOT NULL,
    notes text,
    follow_up_required boolean NOT NULL,
    follow_up_date text,
    ai_summary text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX consultation_records_client_id_session_date_idx
    ON consultation_records (client_id, session_date DESC, id);

-- Screenshots of a record, by the files that hold them: a row each, so that concurrent uploads all stay.
CREATE TABLE consultation_screenshots (
    record_id uuid NOT NULL REFERENCES consultation_records (id) ON DELETE CASCADE,
    file_id uuid NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (record_id, file_id)
);
