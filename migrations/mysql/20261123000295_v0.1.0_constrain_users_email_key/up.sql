-- Moves the rule of `email_key` from the column to the table, see docs/adr/0017:
-- MySQL takes it nowhere else, and MariaDB once made it a rule of the column.
-- Changes nothing where the table has been made so.
ALTER TABLE users MODIFY email_key VARBINARY(254) NOT NULL
    /*M! , ADD CONSTRAINT IF NOT EXISTS users_email_key_form CHECK (email_key = CAST(LOWER(email) AS BINARY)) */;
