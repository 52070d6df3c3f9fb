-- Serves users in the order of their names: every entry of an index ends with
-- the row's id.
CREATE INDEX users_by_name ON users (name);
