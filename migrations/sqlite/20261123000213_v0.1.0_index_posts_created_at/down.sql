DROP INDEX posts_by_created_at;
