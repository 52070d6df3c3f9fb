INSERT INTO releases (version, schema_version) VALUES ('0.2.0', '29990101000100');
