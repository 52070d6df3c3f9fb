-- When keys were last used. Apart from the keys, whose rows are locked by whoever
-- writes with them.
CREATE TABLE api_key_uses (
    key_id BIGINT NOT NULL PRIMARY KEY,
    last_used_at BIGINT NULL,
    CONSTRAINT api_key_uses_key FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE ON UPDATE RESTRICT
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
