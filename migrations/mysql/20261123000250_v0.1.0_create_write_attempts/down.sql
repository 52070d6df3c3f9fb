DROP TABLE write_attempts;
