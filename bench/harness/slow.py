"""Whether clients that are slow, by need or by malice, slow down the others."""

import subprocess
import time
from pathlib import Path

from . import data, wrk
from .contestants import BYLINE
from .processes import Failed, Server, free_port

QUICK = 64
ROUNDS = 6
# Within the time that the service gives a head.
SECONDS = 3

# slowhttptest's three ways, a third of the 512 each: a head that never ends, a body
# that never ends, an answer that is never read.
KINDS = {
    "head": (171, ["-H", "-u", "/users/1"]),
    "body": (171, ["-B", "-s", "8192", "-t", "POST", "-f", "application/json", "-u", "/users"]),
    "reader": (170, ["-X", "-k", "3", "-n", "1", "-r", "200", "-w", "1", "-y", "2", "-z", "1", "-u", "/posts?limit=100"]),
}


def measure(folder: Path, say) -> dict:
    """Rates of `QUICK` quick clients alone and beside the slow ones, in turns; also how
    many of the slow ones were there when a turn began, and when it ended."""
    url = data.sqlite(folder, [BYLINE])[BYLINE.name]
    command, env = BYLINE.command(port := free_port(), url)
    figures: dict[str, list[float]] = {"alone": [], "beside": [], "slow": [], "slow_left": []}
    with Server(command, port, folder / "byline.log", env) as server:
        server.wait()
        wrk.load(port, "read", [data.PEOPLE], QUICK, 1)
        for turn in range(ROUNDS):
            for slow in (False, True) if turn % 2 else (True, False):
                clients = start(port, folder) if slow else []
                try:
                    if slow:
                        time.sleep(1)
                        figures["slow"].append(established(port))
                    load = wrk.load(port, "read", [data.PEOPLE], QUICK, SECONDS)
                    figures["beside" if slow else "alone"].append(load.rate)
                    if slow:
                        figures["slow_left"].append(established(port))
                finally:
                    stop(clients)
                if load.broken or load.refused:
                    raise Failed(f"{load.broken + load.refused} quick requests failed")
                say(f"{'beside slow ones' if slow else 'alone':17}{load.rate:9.0f}/s p99 {load.p99 * 1e3:.2f} ms")
        figures["memory"] = [server.memory()]
    return {"engine": "sqlite", "quick": QUICK, **figures}


def start(port: int, folder: Path) -> list[subprocess.Popen]:
    clients = []
    for kind, (count, arguments) in KINDS.items():
        arguments = list(arguments)
        arguments[-1] = f"http://127.0.0.1:{port}{arguments[-1]}"
        rates = ["-r", "1000"] if kind != "reader" else []
        command = ["slowhttptest", "-c", str(count), "-i", "2", "-l", str(SECONDS + 8), "-p", "20", *rates, *arguments]
        with (folder / f"slow-{kind}.log").open("wb") as log:
            clients.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
    return clients


def stop(clients: list[subprocess.Popen]) -> None:
    for client in clients:
        client.terminate()
    for client in clients:
        client.wait()


def established(port: int) -> int:
    """Connections to `port` that the server holds."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    local = f":{port:04X}"
    return sum(line.split()[1].endswith(local) and line.split()[3] == "01" for line in lines)
