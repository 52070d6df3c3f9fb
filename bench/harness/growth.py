"""What a request costs when there are a thousand times more rows."""

import json
import random
from contextlib import ExitStack
from pathlib import Path

from . import grown, lists, wrk
from .contestants import BYLINE
from .data import bylinectl
from .mariadb import MariaDb
from .processes import Server, free_port

SIZES = {"sqlite": [10_000, 1_000_000, 10_000_000], "mariadb": [10_000, 1_000_000]}
CONNECTIONS = 16
SECONDS = 1


class Growth:
    """Byline on a database of each size, all running."""

    def __init__(self, engine: str, folder: Path, say):
        self.engine = engine
        self.folder = folder
        self.say = say
        self.servers: dict[int, Server] = {}
        self.mariadb: MariaDb | None = None
        self._stack = ExitStack()

    def __enter__(self) -> "Growth":
        with self._stack:
            for size, url in prepare(self.engine, self.folder, self.say, self._keep).items():
                command, env = BYLINE.command(port := free_port(), url)
                server = Server(command, port, self.folder / f"byline-{size}.log", env)
                self.servers[size] = self._stack.enter_context(server)
                server.wait()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def _keep(self, server: MariaDb) -> MariaDb:
        self.mariadb = self._stack.enter_context(server)
        return server

    def measure(
        self, label: str, script: str, arguments: dict[int, list], connections: int = CONNECTIONS, seconds: int = SECONDS
    ) -> dict:
        """The same on each size, in turns; by size, in seconds."""
        seen = {}
        for size, given in arguments.items():
            server = self.servers[size]
            before = server.cpu_seconds()
            database = self.mariadb.server.cpu_seconds() if self.mariadb else 0.0
            load = wrk.load(server.port, script, given, connections, seconds)
            database = self.mariadb.server.cpu_seconds() - database if self.mariadb else 0.0
            seen[size] = {
                "time": 1 / load.rate,
                "cpu": (server.cpu_seconds() - before) / load.requests,
                "database_cpu": database / load.requests,
                "p99": load.p99,
                "faults": load.refused + load.broken,
            }
        times = "  ".join(f"{one['time'] * 1e6:8.1f}" for one in seen.values())
        faults = sum(one["faults"] for one in seen.values())
        self.say(f"{self.engine} {times} µs  {label}{f'  {faults} FAILED' if faults else ''}")
        return seen

    def paths(self, name: str, size: int, paths: list[str]) -> list[Path]:
        file = self.folder / f"paths-{name}-{size}"
        file.write_text("\n".join(paths) + "\n")
        return [file]


def prepare(engine: str, folder: Path, say, keep) -> dict[int, str]:
    """The databases, those that are there already as they are; URLs by size."""
    urls = {}
    if engine == "sqlite":
        for size in SIZES[engine]:
            file = folder / f"byline-{size}.db"
            if not file.is_file():
                say(f"making a SQLite file of {size:,} posts")
                unfinished = folder / "unfinished.db"
                unfinished.unlink(missing_ok=True)
                grown.sqlite(unfinished, size)
                unfinished.rename(file)
            urls[size] = f"sqlite:{file}"
            # Migrations may have come since.
            bylinectl(urls[size], "migrate")
            _into_memory(file)
        return urls
    server = keep(MariaDb(folder / "mariadb"))
    server.sql("CREATE USER IF NOT EXISTS bench IDENTIFIED BY 'bench'; GRANT ALL ON *.* TO bench")
    there = server.sql("SHOW DATABASES").split()
    for size in SIZES[engine]:
        name = f"grown{size}"
        if f"{name}_done" not in there:
            say(f"making a MariaDB database of {size:,} posts")
            server.sql(f"DROP DATABASE IF EXISTS {name}")
            grown.mariadb(server, name, size)
            server.sql(f"CREATE DATABASE {name}_done")
        urls[size] = server.url(name)
        bylinectl(urls[size], "migrate")
    return urls


def _into_memory(file: Path) -> None:
    """What is compared is the work, not the disk: all sizes fit into memory."""
    with file.open("rb") as content:
        while content.read(1 << 24):
            pass


def measure(engine: str, folder: Path, say) -> dict:
    """Point reads, first and last page of every admitted list, creates."""
    chance = random.Random(1)
    with Growth(engine, folder, say) as growth:
        sizes = list(growth.servers)
        reads = {}
        for kind, count in (("posts", lambda size: size), ("users", grown.users_of)):
            ids = {size: [chance.randint(1, count(size)) for _ in range(20_000)] for size in sizes}
            given = {
                size: growth.paths(kind, size, [f"/{kind}/{one}" for one in of_size]) for size, of_size in ids.items()
            }
            reads[f"/{kind}/{{id}}"] = growth.measure(f"/{kind}/{{id}}", "paths", given)
        pages = {}
        # The middle one adds nothing to what the ends tell.
        ends = [sizes[0], sizes[-1]]
        document = growth.servers[sizes[0]].ask("GET", "/openapi.json").text
        for listed in lists.admitted(document):
            first, last = {}, {}
            for size in ends:
                users = people(growth.servers[size], size, chance)
                first[size], last[size] = lists.pages(growth.servers[size], listed, users)
            pages[listed.label] = {
                side: growth.measure(
                    f"{side} page of {listed.label}",
                    "paths",
                    {size: growth.paths("pages", size, of_size) for size, of_size in paths.items()},
                )
                for side, paths in (("first", first), ("last", last))
                if all(paths.values())
            }
        creates = growth.measure("creates", "create-post", {size: [grown.users_of(size)] for size in sizes}, 64, 5)
    return {"engine": engine, "sizes": sizes, "reads": reads, "lists": pages, "creates": creates}


def people(server: Server, size: int, chance: random.Random) -> list[tuple[int, str]]:
    """Ids and addresses of some users."""
    ids = [chance.randint(1, grown.authors_of(size)) for _ in range(lists.USERS)]
    return [(one, json.loads(server.ask("GET", f"/users/{one}").text)["email"]) for one in ids]
