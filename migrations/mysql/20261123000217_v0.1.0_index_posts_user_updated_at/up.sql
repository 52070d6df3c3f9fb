CREATE INDEX posts_by_user_and_updated_at ON posts (user_id, updated_at);
