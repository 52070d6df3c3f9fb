-- Serves the posts of one user in the order of their titles.
CREATE INDEX posts_by_user_and_title ON posts (user_id, title);
