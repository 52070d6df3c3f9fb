DROP INDEX posts_by_user_and_title;
