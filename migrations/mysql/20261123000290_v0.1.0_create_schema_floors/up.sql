-- A row for each time that the schema left older programs behind: those whose
-- newest migration is older than the greatest of these may not use it.
CREATE TABLE schema_floors (
    schema_version VARCHAR(50) NOT NULL PRIMARY KEY
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
