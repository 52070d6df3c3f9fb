CREATE TABLE posts (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    -- As the name in `users`.
    title VARBINARY(1020) NOT NULL CHECK (COALESCE(CHAR_LENGTH(CONVERT(title USING utf8mb4)), 0) BETWEEN 1 AND 255),
    content MEDIUMTEXT NOT NULL CHECK (CHAR_LENGTH(content) <= 100000),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    -- As in `users`.
    origin BINARY(16) NULL,
    UNIQUE KEY posts_origin (origin),
    -- Serves the posts of one user in the order of their ids: every entry of
    -- an index ends with the row's primary key.
    KEY posts_by_user (user_id),
    CONSTRAINT posts_times CHECK (updated_at >= created_at),
    CONSTRAINT posts_author FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT ON UPDATE RESTRICT
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
