"""What is left of a service when more is asked of it than it can do."""

import json
import threading
import time
from dataclasses import asdict
from pathlib import Path

from . import data, oha, wrk
from .contestants import BYLINE
from .figures import percentile
from .mariadb import MariaDb
from .processes import Server, free_port

# Both sides have a core of their own; what is sent does not take from what is served.
SERVED_ON, SENT_FROM = "0", "1"
TIMES = [3, 10]
SECONDS = 60

# What costs enough that ten times as much can still be sent, and refused, from one
# core. By name: engine, the load that tells the capacity, what oha sends.
WORK = {
    "count": ("sqlite", "count", ["-H", "Prefer: count=exact"], "/posts?limit=1"),
    "create": (
        "mariadb",
        "create-post",
        ["-m", "POST", "-T", "application/json", "-d", '{"user_id":7,"title":"Notes","content":"On the engine"}'],
        "/posts",
    ),
}


class Watch(threading.Thread):
    """Ten times a second, beside the load: is it alive, what does it say, how much
    memory does it take."""

    def __init__(self, server: Server, path: str, headers: dict, method: str, body: str | None):
        super().__init__(daemon=True)
        self.server, self.request = server, (method, path, headers, body)
        self.alive: list[float] = []
        self.memory: list[float] = []
        self.refusals = self.without_retry_after = self.lost = 0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.1):
            self.memory.append(self.server.memory())
            begun = time.monotonic()
            try:
                alive = self.server.ask("GET", "/livez").status == 200
            except OSError:
                alive = False
            if alive:
                self.alive.append(time.monotonic() - begun)
            else:
                self.lost += 1
            self._ask_as_others_do()

    def _ask_as_others_do(self) -> None:
        method, path, headers, body = self.request
        try:
            answer = self.server.ask(method, path, headers, body)
        except OSError:
            self.lost += 1
            return
        if answer.status >= 400:
            self.refusals += 1
            self.without_retry_after += answer.headers["Retry-After"] is None

    def stop(self) -> None:
        self._over.set()
        self.join()


def measure(work: str, seconds: int, folder: Path, say) -> dict:
    """Capacity in a closed loop, then each multiple of it in an open one."""
    engine, load, arguments, path = WORK[work]
    database: MariaDb | None = None
    if engine == "sqlite":
        urls = data.sqlite(folder, [BYLINE])
    else:
        database, urls = data.mariadb(folder / "mariadb", [BYLINE])
    command, env = BYLINE.command(port := free_port(), urls[BYLINE.name])
    try:
        with Server(command, port, folder / "byline.log", env, cpus=SERVED_ON) as server:
            if database:
                database.server.pin(SERVED_ON)
            server.wait()
            capacity = max(wrk.load(port, load, [data.AUTHORS], 64, 5, SENT_FROM).rate for _ in range(2))
            say(f"{work}: capacity {capacity:.0f}/s")
            runs = {}
            for times in TIMES:
                runs[times] = overload(server, path, arguments, round(capacity * times), seconds)
                runs[times]["goodput"] = runs[times]["served"] / capacity
                say(f"{work} at {times} times: {json.dumps(runs[times])}")
    finally:
        if database:
            database.server.stop()
    return {"engine": engine, "work": work, "capacity": capacity, "seconds": seconds, "runs": runs}


def overload(server: Server, path: str, arguments: list[str], rate: int, seconds: int) -> dict:
    watch = Watch(server, path, *_as_request(arguments))
    before = server.memory()
    watch.start()
    seen = oha.offer(f"http://127.0.0.1:{server.port}{path}", rate, seconds, arguments, SENT_FROM)
    watch.stop()
    served = sum(count for status, count in seen.answers.items() if status < 400)
    return {
        "rate": rate,
        **asdict(seen),
        "served": served / seen.seconds,
        "alive_p99": percentile(watch.alive, 99),
        "lost": watch.lost,
        "refusals_looked_at": watch.refusals,
        "without_retry_after": watch.without_retry_after,
        "memory_before": before,
        "memory_max": max(watch.memory),
        "memory_first_half": max(watch.memory[: len(watch.memory) // 2]),
    }


def _as_request(arguments: list[str]) -> tuple[dict, str, str | None]:
    """What oha is told, for the watch."""
    options = dict(zip(arguments[::2], arguments[1::2]))
    name, _, value = options.get("-H", "").partition(": ")
    return ({name: value} if name else {}), options.get("-m", "GET"), options.get("-d")
