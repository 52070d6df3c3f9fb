-- A request that its sender may send again, and the answer to the first that
-- was carried out; swept after a day.
CREATE TABLE idempotency_keys (
    -- So that rows are appended: hashes are in no order.
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- SHA-256 of the caller and of the key that the caller chose.
    key_hash BINARY(32) NOT NULL,
    -- SHA-256 of what the request means.
    fingerprint BINARY(32) NOT NULL,
    -- NULL only within the transaction that carries the request out.
    answer MEDIUMBLOB NULL,
    created_at BIGINT NOT NULL,
    UNIQUE KEY idempotency_keys_key_hash (key_hash),
    -- Serves the sweeper, the oldest first.
    KEY idempotency_keys_by_age (created_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
