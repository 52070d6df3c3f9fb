-- A row for each time that the schema left older programs behind: those whose
-- newest migration is older than the greatest of these may not use it.
CREATE TABLE schema_floors (
    schema_version TEXT NOT NULL PRIMARY KEY
) STRICT;
