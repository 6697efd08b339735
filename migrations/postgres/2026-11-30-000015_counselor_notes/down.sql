DROP TABLE counselor_note_versions;
DROP TABLE counselor_notes;
