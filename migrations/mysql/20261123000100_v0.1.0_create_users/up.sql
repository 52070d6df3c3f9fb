-- Times are whole microseconds since 1970-01-01T00:00:00Z.
CREATE TABLE users (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- UTF-8, at most 255 characters. Bytes, because lists are ordered by code
    -- point, and no collation that pads nothing has the same name on MySQL and
    -- MariaDB. What is no UTF-8 has no length on MySQL, where a rule that is NULL
    -- holds; on MariaDB it is an error.
    name VARBINARY(1020) NOT NULL CHECK (COALESCE(CHAR_LENGTH(CONVERT(name USING utf8mb4)), 0) BETWEEN 1 AND 255),
    email VARCHAR(254) NOT NULL CHECK (CHAR_LENGTH(email) BETWEEN 3 AND 254),
    -- What makes the address unique: its ASCII lower-case form. Bytes, as
    -- in the name.
    email_key VARBINARY(254) NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    -- The attempt that inserted the row: tells the service, after it lost the
    -- connection, whether an earlier attempt of its own was committed.
    origin BINARY(16) NULL,
    -- Ahead of the other key, so that a repeated attempt runs into this one.
    UNIQUE KEY users_origin (origin),
    UNIQUE KEY users_email_key (email_key),
    CONSTRAINT users_email_key_form CHECK (email_key = CAST(LOWER(email) AS BINARY)),
    CONSTRAINT users_times CHECK (updated_at >= created_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
