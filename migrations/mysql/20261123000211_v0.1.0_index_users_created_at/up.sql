CREATE INDEX users_by_created_at ON users (created_at);
