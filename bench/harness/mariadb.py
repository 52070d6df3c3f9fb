"""A MariaDB server of the bench's own."""

import getpass
import shutil
import time
from pathlib import Path

from .processes import Failed, Server, free_port, run

# Durable at commit, as everybody's databases are here. No client name lookups, and
# pages enough in memory for what is measured.
OPTIONS = [
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-size=1G",
    "--innodb-log-file-size=512M",
    "--skip-name-resolve",
    "--max-connections=500",
    "--default-time-zone=+00:00",
    "--character-set-server=utf8mb4",
]


def _program(*names: str) -> str:
    for name in names:
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
        if path:
            return path
    raise Failed(f"there is no {names[0]}: install mariadb-server")


class MariaDb:
    """Runs on the data in `folder`, which is made if it is not there."""

    def __init__(self, folder: Path):
        data = folder / "data"
        user = getpass.getuser()
        if not data.is_dir():
            data.mkdir(parents=True)
            run(
                _program("mariadb-install-db", "mysql_install_db"),
                "--no-defaults", f"--datadir={data}", f"--user={user}", "--skip-test-db",
                "--auth-root-authentication-method=normal",
            )  # fmt: skip
        self.socket = folder / "s"
        self.port = free_port()
        command = [
            _program("mariadbd"), "--no-defaults", f"--datadir={data}", f"--user={user}",
            f"--socket={self.socket}", f"--port={self.port}", "--bind-address=127.0.0.1",
            f"--pid-file={folder / 'pid'}", *OPTIONS,
        ]  # fmt: skip
        self.server = Server(command, self.port, folder / "mariadb.log")
        self._wait(folder / "mariadb.log")

    def __enter__(self) -> "MariaDb":
        return self

    def __exit__(self, *_) -> None:
        self.server.stop()

    def _wait(self, log: Path) -> None:
        for _ in range(600):
            try:
                self.sql("SELECT 1")
                return
            except Failed:
                if self.server.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise Failed(f"MariaDB does not start:\n{log.read_text()[-2000:]}")

    def sql(self, statements: str, database: str = "") -> str:
        client = _program("mariadb", "mysql")
        where = [f"--socket={self.socket}", "--user=root", "--batch", "--skip-column-names"]
        return run(client, "--no-defaults", *where, *([database] if database else []), input=statements)

    def url(self, database: str) -> str:
        return f"mysql://bench:bench@127.0.0.1:{self.port}/{database}"
