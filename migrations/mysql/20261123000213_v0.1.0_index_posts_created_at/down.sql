DROP INDEX posts_by_created_at ON posts;
