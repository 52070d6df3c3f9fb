-- Credentials that an operator gave to users and programs.
CREATE TABLE api_keys (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 9007199254740991),
    -- SHA-256 of the secret, which is kept nowhere.
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    -- How the secret begins.
    hint TEXT NOT NULL CHECK (length(hint) BETWEEN 1 AND 16),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- Who acts with it; NULL: a program of no user.
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE ON UPDATE RESTRICT,
    -- With spaces in between.
    scopes TEXT NOT NULL CHECK (length(scopes) <= 255),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

-- Serves the deletion of a user.
CREATE INDEX api_keys_by_user ON api_keys (user_id);
