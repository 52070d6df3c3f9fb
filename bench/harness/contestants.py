"""Who is measured, and how each is started."""

from dataclasses import dataclass, field
from pathlib import Path

from .places import FASTAPI, PEERS, PEERS_RELEASE, RELEASE

ENGINES = ["sqlite", "mariadb"]


@dataclass(frozen=True)
class Contestant:
    name: str
    label: str
    engines: tuple[str, ...]
    # Scenarios that it has no answer to.
    without: frozenset[str] = field(default_factory=frozenset)
    # Whose tables it serves; `none` has no database.
    tables: str = "peers"
    binaries: Path = PEERS_RELEASE

    def command(self, port: int, url: str) -> tuple[list, dict[str, str]]:
        """Command and environment; `url` is that of a database, or for `bare` the
        file of answers."""
        address = f"127.0.0.1:{port}"
        match self.name:
            case "byline" | "before":
                return [self.binaries / "byline"], {"BYLINE_LISTEN": address, "DATABASE_URL": url}
            case "usual":
                return [self.binaries / "usual", address, url.removeprefix("sqlite:")], {}
            case "fastapi":
                uvicorn = [FASTAPI / "bin" / "uvicorn", "--app-dir", PEERS / "fastapi"]
                workers = ["--workers", 2, "--no-access-log", "--log-level", "warning"]
                listen = ["--host", "127.0.0.1", "--port", port]
                url = url.replace("mysql:", "mysql+pymysql:").replace("sqlite:", "sqlite:///")
                return [*uvicorn, *workers, *listen, "app.main:app"], {"DATABASE_URL": url}
            case _:
                return [self.binaries / self.name, address, url], {}


BARE = Contestant("bare", "bare actix-web", ("sqlite", "mariadb"), tables="none")
BYLINE = Contestant("byline", "Byline", ("sqlite", "mariadb"), tables="byline", binaries=RELEASE)
CONTESTANTS = [
    BYLINE,
    BARE,
    Contestant("usual", "actix-web + diesel, the usual way", ("sqlite",)),
    Contestant("axum-sqlx", "axum + sqlx", ("sqlite", "mariadb")),
    Contestant(
        "fastapi",
        "FastAPI + SQLAlchemy",
        ("sqlite", "mariadb"),
        without=frozenset({"patch", "unchanged"}),  # no versions, no ETags
    ),
]

BY_NAME = {contestant.name: contestant for contestant in CONTESTANTS}


def earlier(folder: Path) -> Contestant:
    """Another build of Byline, to be measured beside this one."""
    return Contestant("before", "Byline before", ("sqlite", "mariadb"), tables="byline", binaries=folder)
