-- The greatest numbers that the domain knows: versions are counted as ids are, times
-- are in the years 1 to 9999.
ALTER TABLE users ADD CONSTRAINT users_limits CHECK (
    version <= 9007199254740991
    AND created_at >= -62135596800000000
    AND updated_at <= 253402128000000000
);
