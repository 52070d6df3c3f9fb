-- Serves users in the order of their names: every entry of an index ends with
-- the row's primary key.
CREATE INDEX users_by_name ON users (name);
