-- Nothing: in a SQLite file the rule of `email_key` is the column's.
SELECT 1;
