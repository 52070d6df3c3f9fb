-- Times are whole microseconds since 1970-01-01T00:00:00Z.
CREATE TABLE users (
    -- AUTOINCREMENT: the id of a deleted user is never given again.
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 9007199254740991),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    email TEXT NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    -- What makes the address unique: its ASCII lower-case form.
    email_key TEXT NOT NULL UNIQUE CHECK (email_key = lower(email)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL CHECK (updated_at >= created_at),
    version INTEGER NOT NULL CHECK (version >= 1)
) STRICT;
