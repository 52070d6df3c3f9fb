"""The databases: made once with `bylinectl seed`, kept, copied for every contestant
of every run."""

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from .mariadb import MariaDb
from .places import KEPT, PEERS, RELEASE, ROOT
from .processes import run

PEOPLE = 10_000
# Those who have written anything, so that each has more than a page of posts.
AUTHORS = 1_000
POSTS = 100_000


def bylinectl(url: str, *arguments) -> None:
    run(RELEASE / "bylinectl", *arguments, env={**os.environ, "DATABASE_URL": url})


def _kept(engine: str) -> Path:
    """The folder of what is kept, by what it was made from."""
    sources = sorted((ROOT / "migrations" / engine.replace("mariadb", "mysql")).glob("*/up.sql"))
    digest = hashlib.sha256(f"{PEOPLE} {AUTHORS} {POSTS}".encode())
    for source in [*sources, *sorted((PEERS / "schema").iterdir()), Path(__file__)]:
        digest.update(source.read_bytes())
    return KEPT / "data" / f"{engine}-{digest.hexdigest()[:12]}"


def _make(folder: Path, fill) -> Path:
    """`folder`, filled if it was not there; never half."""
    if not folder.is_dir():
        for old in folder.parent.glob(f"{folder.name.split('-')[0]}-*"):
            shutil.rmtree(old)
        unfinished = folder.with_suffix(".unfinished")
        unfinished.mkdir(parents=True)
        fill(unfinished)
        unfinished.rename(folder)
    return folder


def _seed(url: str) -> None:
    bylinectl(url, "migrate")
    bylinectl(url, "seed", "--users", AUTHORS, "--posts", POSTS)
    bylinectl(url, "seed", "--users", PEOPLE - AUTHORS, "--seed", 2)


def _fill_sqlite(folder: Path) -> None:
    _seed(f"sqlite:{folder}/byline.db")
    with closing(sqlite3.connect(folder / "peers.db", isolation_level=None)) as peers:
        peers.execute("PRAGMA journal_mode = WAL")
        peers.execute("ATTACH ? AS source", [f"{folder}/byline.db"])
        peers.executescript((PEERS / "schema" / "sqlite.sql").read_text())
        peers.execute("DETACH source")


def _fill_mariadb(folder: Path) -> None:
    with MariaDb(folder) as server:
        server.sql("CREATE USER bench IDENTIFIED BY 'bench'; GRANT ALL ON *.* TO bench")
        server.sql("CREATE DATABASE source")
        _seed(server.url("source"))


def sqlite(folder: Path, contestants) -> dict[str, str]:
    """The URL of a new file for each contestant."""
    kept = _make(_kept("sqlite"), _fill_sqlite)
    urls = {}
    for contestant in contestants:
        file = folder / f"{contestant.name}.db"
        shutil.copyfile(kept / f"{contestant.tables}.db", file)
        urls[contestant.name] = f"sqlite:{file}"
    return urls


def mariadb(folder: Path, contestants) -> tuple[MariaDb, dict[str, str]]:
    """A server, and the URL of a new database on it for each contestant."""
    kept = _make(_kept("mariadb"), _fill_mariadb)
    shutil.copytree(kept, folder, ignore=shutil.ignore_patterns("s", "pid"))
    server = MariaDb(folder)
    urls = {}
    for contestant in contestants:
        name = contestant.name.replace("-", "_")
        server.sql(f"CREATE DATABASE {name}")
        if contestant.tables == "byline":
            bylinectl(server.url(name), "migrate")
            for table in ("users", "posts"):
                server.sql(f"INSERT INTO {table} SELECT * FROM source.{table}", name)
        else:
            server.sql((PEERS / "schema" / "mysql.sql").read_text(), name)
        urls[contestant.name] = server.url(name)
    return server, urls


def versions(url: str, server: MariaDb | None, file: Path) -> Path:
    """Writes the version of each post to `file`, a line for each."""
    query = "SELECT version FROM posts ORDER BY id"
    if server is None:
        with closing(sqlite3.connect(url.removeprefix("sqlite:"))) as database:
            rows = [str(version) for (version,) in database.execute(query)]
        file.write_text("\n".join(rows) + "\n")
    else:
        file.write_text(server.sql(query, url.rpartition("/")[2]))
    return file
