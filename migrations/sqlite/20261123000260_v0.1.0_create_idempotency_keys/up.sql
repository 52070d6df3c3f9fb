-- A request that its sender may send again, and the answer to the first that
-- was carried out; swept after a day. With a rowid: answers are larger than what
-- a table without one is good for, and are best appended.
CREATE TABLE idempotency_keys (
    -- SHA-256 of the caller and of the key that the caller chose.
    key_hash BLOB NOT NULL PRIMARY KEY CHECK (length(key_hash) = 32),
    -- SHA-256 of what the request means.
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    -- NULL only within the transaction that carries the request out.
    answer BLOB,
    created_at INTEGER NOT NULL
) STRICT;

-- Serves the sweeper, the oldest first.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
