-- Which id a user was given here who had another one in an import's file;
-- emptied once the posts of that import are stored.
CREATE TABLE import_ids (
    import_id BIGINT NOT NULL,
    given_id BIGINT NOT NULL,
    stored_id BIGINT NOT NULL,
    PRIMARY KEY (import_id, given_id),
    CONSTRAINT import_ids_import FOREIGN KEY (import_id) REFERENCES imports (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
