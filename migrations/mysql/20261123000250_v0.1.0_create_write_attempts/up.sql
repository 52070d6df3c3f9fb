-- A row for each transaction, written first: when the connection breaks at the
-- commit, the row tells whether it took place. Swept after an hour.
CREATE TABLE write_attempts (
    -- A UUID of version 7: in the order of time.
    token BINARY(16) NOT NULL PRIMARY KEY
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
