-- Which users the issuers of tokens mean.
CREATE TABLE identities (
    -- So that rows are appended: hashes are in no order.
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- SHA-256 of issuer and subject: neither is kept.
    identity_hash BINARY(32) NOT NULL,
    -- NULL: a user who was deleted. Its tokens are refused from then on.
    user_id BIGINT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE KEY identities_identity_hash (identity_hash),
    UNIQUE KEY identities_user_id (user_id),
    CONSTRAINT identities_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL ON UPDATE RESTRICT
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
