"""Databases of a size, made by constant SQL within the database; the tables and
indexes are those of `bylinectl migrate`."""

import sqlite3
from contextlib import closing
from pathlib import Path

from .data import bylinectl
from .mariadb import MariaDb

POSTS_PER_USER = 100

# Made up from the id alone. Titles come about forty times each in the largest
# table, times of update are in another order than ids. 2654435761 is Knuth's
# multiplier: neighbours get keys that lie far apart.
_BEGINNING = 1_735_689_600_000_000

SQLITE_USERS = f"""
WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < :count)
INSERT INTO users (id, name, email, email_key, created_at, updated_at, version)
SELECT id,
    char(65 + (id * 2654435761 >> 16) % 26) || 'na ' || (id * 2654435761 % 250007),
    'u' || (id * 2654435761 % 4294967296) || '@example.org',
    'u' || (id * 2654435761 % 4294967296) || '@example.org',
    {_BEGINNING} + id * 1000000, {_BEGINNING} + id * 1000000, 1
FROM n
"""

SQLITE_POSTS = f"""
WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < :count)
INSERT INTO posts (id, user_id, title, content, created_at, updated_at, version)
SELECT id, 1 + id % :authors,
    char(65 + (id * 2654435761 >> 16) % 26) || 'otes ' || (id * 2654435761 % 250007),
    'On the Analytical Engine, part ' || id || ': ' || substr(:text, 1, 40 + id * 2654435761 % 120),
    {_BEGINNING} + id * 1000000,
    {_BEGINNING} + id * 1000000 + (id * 2654435761 % 10000019) * 1000000, 1
FROM n
"""

# MariaDB's own table of numbers.
MARIADB_USERS = f"""
INSERT INTO users (id, name, email, email_key, created_at, updated_at, version)
SELECT seq,
    CONCAT(CHAR(65 + (seq * 2654435761 >> 16) %% 26), 'na ', seq * 2654435761 %% 250007),
    CONCAT('u', seq * 2654435761 %% 4294967296, '@example.org'),
    CONCAT('u', seq * 2654435761 %% 4294967296, '@example.org'),
    {_BEGINNING} + seq * 1000000, {_BEGINNING} + seq * 1000000, 1
FROM seq_1_to_%(count)d
"""

MARIADB_POSTS = f"""
INSERT INTO posts (id, user_id, title, content, created_at, updated_at, version)
SELECT seq, 1 + seq %% %(authors)d,
    CONCAT(CHAR(65 + (seq * 2654435761 >> 16) %% 26), 'otes ', seq * 2654435761 %% 250007),
    CONCAT('On the Analytical Engine, part ', seq, ': ', LEFT('%(text)s', 40 + seq * 2654435761 %% 120)),
    {_BEGINNING} + seq * 1000000,
    {_BEGINNING} + seq * 1000000 + (seq * 2654435761 %% 10000019) * 1000000, 1
FROM seq_1_to_%(count)d
"""

TEXT = (
    "it might act upon other things besides number, were objects found whose mutual fundamental relations "
    "could be expressed by those of the abstract science of operations, and which should be also susceptible "
)


def authors_of(posts: int) -> int:
    return posts // POSTS_PER_USER


def users_of(posts: int) -> int:
    """Some have written nothing, so that lists of users have full pages at any size."""
    return max(authors_of(posts), 2_000)


def sqlite(file: Path, posts: int) -> str:
    """A file with `posts` posts; its URL."""
    url = f"sqlite:{file}"
    bylinectl(url, "migrate")
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        # What breaks off in the middle is thrown away whole.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -1000000")
        database.execute("PRAGMA temp_store = FILE")
        # Sorting once is much quicker than inserting in any order.
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('users', 'posts')"
        indexes = database.execute(query).fetchall()
        for name, _ in indexes:
            database.execute(f"DROP INDEX {name}")
        database.execute("BEGIN")
        database.execute(SQLITE_USERS, {"count": users_of(posts)})
        database.execute(SQLITE_POSTS, {"count": posts, "authors": authors_of(posts), "text": TEXT})
        for _, statement in indexes:
            database.execute(statement)
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode = WAL")
    return url


def mariadb(server: MariaDb, name: str, posts: int) -> str:
    """A database with `posts` posts; its URL."""
    server.sql(f"CREATE DATABASE {name}")
    bylinectl(server.url(name), "migrate")
    server.sql(MARIADB_USERS % {"count": users_of(posts)}, name)
    chunk = MARIADB_POSTS % {"count": posts, "authors": authors_of(posts), "text": TEXT}
    server.sql(f"SET unique_checks = 0, foreign_key_checks = 0; {chunk}", name)
    return server.url(name)
