-- How far each import has come: written by the transaction that stores the
-- rows, so that one that is broken off goes on exactly where it stands.
CREATE TABLE imports (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    what VARCHAR(64) NOT NULL CHECK (CHAR_LENGTH(what) >= 1),
    -- Whether the rows keep their ids or get new ones.
    numbering VARCHAR(4) NOT NULL CHECK (numbering IN ('kept', 'anew')),
    -- The import of the users by whose former ids posts name their authors.
    authors BIGINT NULL,
    -- What of the file is stored, in bytes and in lines.
    bytes BIGINT NOT NULL CHECK (bytes >= 0),
    line_count BIGINT NOT NULL CHECK (line_count >= 0),
    -- SHA-256 of these bytes.
    digest BINARY(32) NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT imports_authors FOREIGN KEY (authors) REFERENCES imports (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
