-- How far each import has come: written by the transaction that stores the
-- rows, so that one that is broken off goes on exactly where it stands.
CREATE TABLE imports (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    what TEXT NOT NULL CHECK (length(what) BETWEEN 1 AND 64),
    -- Whether the rows keep their ids or get new ones.
    numbering TEXT NOT NULL CHECK (numbering IN ('kept', 'anew')),
    -- The import of the users by whose former ids posts name their authors.
    authors INTEGER REFERENCES imports (id),
    -- What of the file is stored, in bytes and in lines.
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    line_count INTEGER NOT NULL CHECK (line_count >= 0),
    -- SHA-256 of these bytes.
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    updated_at INTEGER NOT NULL
) STRICT;
