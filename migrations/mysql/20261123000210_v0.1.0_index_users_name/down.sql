DROP INDEX users_by_name ON users;
