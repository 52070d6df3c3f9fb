-- Nothing, as in `up.sql`.
SELECT 1;
