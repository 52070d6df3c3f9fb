-- Which id a user was given here who had another one in an import's file;
-- emptied once the posts of that import are stored.
CREATE TABLE import_ids (
    import_id INTEGER NOT NULL REFERENCES imports (id),
    given_id INTEGER NOT NULL,
    stored_id INTEGER NOT NULL,
    PRIMARY KEY (import_id, given_id)
) STRICT, WITHOUT ROWID;
