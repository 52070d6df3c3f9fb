INSERT INTO releases (version, schema_version) VALUES ('0.1.0', '20261123000300');
