-- As sqlite.sql, for MariaDB; `source` is the database of Byline on the same server.
CREATE TABLE users (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    email VARCHAR(254) NOT NULL UNIQUE,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
CREATE TABLE posts (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    title VARCHAR(255) NOT NULL,
    content MEDIUMTEXT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL,
    INDEX posts_by_user_and_created_at (user_id, created_at),
    FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
INSERT INTO users
SELECT id, CONVERT(name USING utf8mb4), email,
    '1970-01-01' + INTERVAL created_at MICROSECOND, '1970-01-01' + INTERVAL updated_at MICROSECOND, version
FROM source.users;
INSERT INTO posts
SELECT id, user_id, CONVERT(title USING utf8mb4), content,
    '1970-01-01' + INTERVAL created_at MICROSECOND, '1970-01-01' + INTERVAL updated_at MICROSECOND, version
FROM source.posts;
