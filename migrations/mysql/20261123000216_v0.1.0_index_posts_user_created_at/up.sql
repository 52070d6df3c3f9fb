CREATE INDEX posts_by_user_and_created_at ON posts (user_id, created_at);
