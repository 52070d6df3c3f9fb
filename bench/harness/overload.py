"""What is left of a service when more is asked of it than it can do."""

import json
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from . import data, h2load, wrk
from .contestants import BYLINE
from .figures import percentile
from .processes import Server, free_port

# Both sides have a core of their own; what is sent does not take from what is served.
SERVED_ON, SENT_FROM = "0", "1"
TIMES = [3, 10]
SECONDS = 60

@dataclass(frozen=True)
class Work:
    """What costs enough that ten times as much can still be sent, and refused, from
    one core. `load` is the script that finds out how much is enough."""

    engine: str
    load: str
    method: str
    path: str
    headers: dict[str, str]
    body: str | None = None


COUNTED = "/posts?sort=created_at&created_at.gte=2020-01-01T00:00:00Z&limit=1"
WORK = {
    "count": Work("sqlite", "count", "GET", COUNTED, {"Prefer": "count=exact"}),
    "create": Work(
        "mariadb", "create-post", "POST", "/posts", {}, '{"user_id":7,"title":"Notes","content":"On the engine"}'
    ),
}


class Watch:
    """What others see of the service, beside the load: ten times a second whether it
    is alive and how much memory it takes; and, by eight who ask for the same as the
    load does and wait for the answer, what a refusal says."""

    def __init__(self, server: Server, work: Work):
        self.server, self.work = server, work
        self.alive: list[float] = []
        self.memory: list[float] = []
        self.retry_after: list[bool] = []
        self.lost = 0
        self._over = threading.Event()
        askers = [threading.Thread(target=self._repeat, args=(self._ask,)) for _ in range(8)]
        self._threads = [threading.Thread(target=self._repeat, args=(self._look,)), *askers]

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, once) -> None:
        while not self._over.wait(0.1):
            try:
                once()
            except OSError:
                self.lost += 1

    def _look(self) -> None:
        self.memory.append(self.server.memory())
        begun = time.monotonic()
        if self.server.ask("GET", "/livez").status == 200:
            self.alive.append(time.monotonic() - begun)
        else:
            self.lost += 1

    def _ask(self) -> None:
        work = self.work
        answer = self.server.ask(work.method, work.path, work.headers, work.body)
        if answer.status >= 400:
            self.retry_after.append(answer.headers["Retry-After"] is not None)


def measure(name: str, seconds: int, folder: Path, say) -> dict:
    """Capacity in a closed loop, then each multiple of it in an open one."""
    work = WORK[name]
    with ExitStack() as stack:
        if work.engine == "sqlite":
            urls = data.sqlite(folder, [BYLINE])
        else:
            database, urls = data.mariadb(folder / "mariadb", [BYLINE])
            stack.enter_context(database)
            database.server.pin(SERVED_ON)
        command, env = BYLINE.command(port := free_port(), urls[BYLINE.name])
        server = stack.enter_context(Server(command, port, folder / "byline.log", env, cpus=SERVED_ON))
        server.wait()
        capacity = max(wrk.load(port, work.load, [data.AUTHORS], 64, 5, SENT_FROM).rate for _ in range(2))
        say(f"{name}: capacity {capacity:.0f}/s")
        runs = {}
        for times in TIMES:
            runs[times] = overload(server, work, round(capacity * times), seconds, folder)
            runs[times]["goodput"] = runs[times]["served"] / capacity
            say(f"{name} at {times} times: {json.dumps(runs[times])}")
    return {"engine": work.engine, "work": name, "capacity": capacity, "seconds": seconds, "runs": runs}


def overload(server: Server, work: Work, rate: int, seconds: int, folder: Path) -> dict:
    before = server.memory()
    url = f"http://127.0.0.1:{server.port}{work.path}"
    headers = [f"{name}: {value}" for name, value in work.headers.items()]
    with Watch(server, work) as watch:
        seen = h2load.offer(url, rate, seconds, headers, work.body, folder, SENT_FROM)
    served = sum(count for status, count in seen.answers.items() if 200 <= status < 400)
    return {
        "rate": rate,
        **asdict(seen),
        "served": served / seconds,
        "alive_p99": percentile(watch.alive, 99),
        "lost": watch.lost,
        "refusals_looked_at": len(watch.retry_after),
        "without_retry_after": watch.retry_after.count(False),
        "memory_before": before,
        "memory_first_half": max(watch.memory[: len(watch.memory) // 2]),
        "memory_max": max(watch.memory),
    }
