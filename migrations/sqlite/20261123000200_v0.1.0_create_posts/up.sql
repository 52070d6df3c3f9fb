CREATE TABLE posts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 9007199254740991),
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 255),
    content TEXT NOT NULL CHECK (length(content) <= 100000),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL CHECK (updated_at >= created_at),
    version INTEGER NOT NULL CHECK (version >= 1)
) STRICT;

-- Serves the posts of one user in the order of their ids: every entry of an
-- index ends with the row's id.
CREATE INDEX posts_by_user ON posts (user_id);
