-- The hourly sweep looks for segments by their age.
CREATE INDEX gameplay_segments_saved_at_idx ON gameplay_segments (saved_at);
