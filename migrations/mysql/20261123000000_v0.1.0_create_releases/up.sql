-- Which release of the program brought which schema.
CREATE TABLE releases (
    version VARCHAR(32) NOT NULL PRIMARY KEY,
    -- The newest migration of that release.
    schema_version VARCHAR(50) NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
