-- Credentials that an operator gave to users and programs.
CREATE TABLE api_keys (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- SHA-256 of the secret, which is kept nowhere.
    secret_hash BINARY(32) NOT NULL,
    -- How the secret begins.
    hint VARCHAR(16) NOT NULL,
    name VARCHAR(100) NOT NULL,
    -- Who acts with it; NULL: a program of no user.
    user_id BIGINT NULL,
    -- With spaces in between.
    scopes VARCHAR(255) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NULL,
    revoked_at BIGINT NULL,
    UNIQUE KEY api_keys_secret_hash (secret_hash),
    -- Serves the deletion of a user.
    KEY api_keys_by_user (user_id),
    CONSTRAINT api_keys_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE RESTRICT
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
