-- Which users the issuers of tokens mean.
CREATE TABLE identities (
    -- SHA-256 of issuer and subject: neither is kept.
    identity_hash BLOB NOT NULL PRIMARY KEY CHECK (length(identity_hash) = 32),
    -- NULL: a user who was deleted. Its tokens are refused from then on.
    user_id INTEGER UNIQUE REFERENCES users (id) ON DELETE SET NULL ON UPDATE RESTRICT,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
