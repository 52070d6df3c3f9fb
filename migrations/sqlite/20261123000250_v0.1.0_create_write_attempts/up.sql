-- Nothing: a SQLite file tells at once whether a commit took place.
SELECT 1;
