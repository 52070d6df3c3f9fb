DROP INDEX posts_by_title;
