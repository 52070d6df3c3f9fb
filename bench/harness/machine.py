"""What a result was measured on, and what was measured."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from .places import FASTAPI, PEERS, ROOT


def _first_line(*command) -> str:
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=ROOT)
    except FileNotFoundError:
        return "not installed"
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def _field(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _locked(lock: Path, package: str) -> str:
    """The version of a package in a Cargo.lock."""
    found = False
    for line in lock.read_text().splitlines():
        if found and line.startswith("version"):
            return line.split('"')[1]
        found = line == f'name = "{package}"'
    return "unknown"


def commit() -> str:
    """The commit that was built, and whether sources differ from it."""
    name = _first_line("git", "rev-parse", "--short=10", "HEAD")
    changes = _first_line("git", "status", "--porcelain", "--", "crates", "Cargo.toml", "Cargo.lock", "bench/peers")
    return f"{name} with changes" if changes else name


def facts() -> dict[str, str]:
    """For the head of a report."""
    lock, peers = ROOT / "Cargo.lock", PEERS / "Cargo.lock"
    pip = _first_line(FASTAPI / "bin" / "python", "-c", _PYTHON_VERSIONS)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "machine": f"{_field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, "
        f"{int(_field('/proc/meminfo', 'MemTotal').split()[0]) / 1024 / 1024:.0f} GiB",
        "system": f"{_system()}, Linux {platform.release()}",
        "compiler": _first_line("rustc", "--version").removeprefix("rustc "),
        "rust": ", ".join(
            [f"{name} {_locked(lock, name)}" for name in ("actix-web", "diesel", "libsqlite3-sys")]
            + [f"{name} {_locked(peers, name)}" for name in ("axum", "sqlx", "libsqlite3-sys")]
        ),
        "python": pip,
        "mariadb": _first_line("mariadbd", "--version").partition("Ver ")[2].partition(" for")[0],
        "load": f"{_first_line('wrk', '--version').partition(' [')[0]}, {_first_line('h2load', '--version')}",
    }


def _system() -> str:
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.split('"')[1]
    return platform.system()


_PYTHON_VERSIONS = """
import platform
from importlib.metadata import version
names = ["fastapi", "sqlalchemy", "pymysql", "uvicorn"]
print(", ".join(["Python " + platform.python_version()] + [f"{name} {version(name)}" for name in names]))
"""
