-- When keys were last used. Apart from the keys, whose rows are held by whoever
-- writes with them.
CREATE TABLE api_key_uses (
    key_id INTEGER NOT NULL PRIMARY KEY REFERENCES api_keys (id) ON DELETE CASCADE ON UPDATE RESTRICT,
    last_used_at INTEGER
) STRICT;
