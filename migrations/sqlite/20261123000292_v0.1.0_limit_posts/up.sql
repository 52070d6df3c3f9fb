-- As in `users`.
ALTER TABLE posts ADD CONSTRAINT posts_limits CHECK (
    version <= 9007199254740991
    AND created_at >= -62135596800000000
    AND updated_at <= 253402128000000000
);
