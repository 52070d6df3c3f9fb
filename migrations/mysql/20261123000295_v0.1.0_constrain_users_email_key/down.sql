-- Nothing: the table is as `create_users` makes it.
SELECT 1;
