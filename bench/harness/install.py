"""Gets and builds what a run needs: Debian's packages by apt, the Python peer's by
pip."""

import os
import shutil
import subprocess
import sys

from .places import BENCH, FASTAPI, PEERS, PEERS_TARGET, ROOT
from .processes import Failed


def _do(*command, **options) -> None:
    print("+", *command, file=sys.stderr)
    done = subprocess.run([str(word) for word in command], stdout=sys.stderr, **options)
    if done.returncode != 0:
        raise Failed(f"{command[0]} failed")


def _apt(program: str, *packages: str) -> None:
    if shutil.which(program) or shutil.which(program, path="/usr/sbin"):
        return
    as_root = [] if os.getuid() == 0 else ["sudo"]
    _do(*as_root, "apt-get", "update", "-qq")
    _do(
        *as_root, "env", "DEBIAN_FRONTEND=noninteractive",
        "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages,
    )  # fmt: skip


def programs() -> None:
    """What runs the contestants and the load."""
    _apt("wrk", "wrk")
    _apt("mariadbd", "mariadb-server", "mariadb-client")
    _apt("h2load", "nghttp2-client")
    _apt("slowhttptest", "slowhttptest")
    _apt("taskset", "util-linux")


def byline() -> None:
    _do("cargo", "build", "--release", "--locked", "-q", "-p", "byline", "-p", "bylinectl", cwd=ROOT)


def rust_peers() -> None:
    _do("cargo", "build", "--release", "--locked", "-q", "--target-dir", PEERS_TARGET, cwd=PEERS)


def python_peer() -> None:
    requirements = PEERS / "fastapi" / "requirements.txt"
    installed = FASTAPI / "requirements.txt"
    if installed.is_file() and installed.read_bytes() == requirements.read_bytes():
        return
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        _apt("no-python-venv", "python3-venv")
    _do(sys.executable, "-m", "venv", "--clear", FASTAPI, cwd=BENCH)
    _do(FASTAPI / "bin" / "pip", "install", "-q", "--no-deps", "-r", requirements)
    shutil.copyfile(requirements, installed)
