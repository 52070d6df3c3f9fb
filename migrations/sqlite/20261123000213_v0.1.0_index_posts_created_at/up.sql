CREATE INDEX posts_by_created_at ON posts (created_at);
