DROP TABLE consultation_screenshots;
DROP TABLE consultation_records;
