"""Requests per second, latency, CPU and memory of every contestant: in turns, in
several rounds, so that whatever else the machine does disturbs all alike."""

import json
import os
from contextlib import ExitStack
from pathlib import Path

from . import data, wrk
from .contestants import Contestant
from .processes import Failed, PeakMemory, Server, free_port
from .scenarios import SCENARIOS, Scenario

# Headers that an answer of this kind needs, whoever gives it; what else Byline
# says is for its own account.
KEPT_HEADERS = {"content-type", "etag", "link", "location"}


class Field:
    """The contestants of one engine, all of them running."""

    def __init__(self, engine: str, contestants: list[Contestant], folder: Path):
        self.engine = engine
        self.contestants = [one for one in contestants if engine in one.engines]
        self.folder = folder
        self.servers: dict[str, Server] = {}
        self.urls: dict[str, str] = {}
        self.mariadb = None
        self.turns = 0
        self._stack = ExitStack()

    def __enter__(self) -> "Field":
        with self._stack:
            with_data = [one for one in self.contestants if one.tables != "none"]
            if self.engine == "sqlite":
                self.urls = data.sqlite(self.folder, with_data)
            else:
                self.mariadb, self.urls = data.mariadb(self.folder / "mariadb", with_data)
                self._stack.enter_context(self.mariadb)
            # Those without data answer what Byline answered.
            for one in sorted(self.contestants, key=lambda one: one.tables == "none"):
                self._start(one)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def _start(self, one: Contestant) -> None:
        url = self.urls.get(one.name) or str(self._record_answers())
        command, env = one.command(port := free_port(), url)
        server = Server(command, port, self.folder / f"{one.name}.log", env)
        self.servers[one.name] = self._stack.enter_context(server)
        server.wait()
        for scenario in SCENARIOS:
            if scenario.name in one.without:
                continue
            fault = scenario.check(self._ask(server, scenario))
            if fault:
                raise Failed(f"{one.label}, {scenario.label}: {fault}")

    def _ask(self, server: Server, scenario: Scenario):
        body = scenario.body
        if scenario.name == "create":
            body = json.dumps({"name": "Ada Lovelace", "email": f"ada.{server.port}@example.org"})
        return server.ask(scenario.method, scenario.path, scenario.headers, body)

    def _record_answers(self) -> Path:
        """What Byline answers to one request of each scenario."""
        byline = self.servers["byline"]
        answers = {}
        for scenario in SCENARIOS:
            body = scenario.body and scenario.body.replace("ada@", "ada.recorded@")
            headers = dict(scenario.headers)
            if scenario.name == "patch":
                headers["If-Match"] = byline.ask("GET", "/posts/1").headers["ETag"]
            answer = byline.ask(scenario.method, scenario.path, headers, body)
            kept = [[name, value] for name, value in answer.getheaders() if name.lower() in KEPT_HEADERS]
            answers[scenario.name] = {"status": answer.status, "headers": kept, "body": answer.text}
        file = self.folder / "answers.json"
        file.write_text(json.dumps(answers))
        return file

    def measure(self, one: Contestant, scenario: Scenario, connections: int, seconds: int) -> dict:
        """One turn of one contestant. Times are seconds, memory is MiB."""
        server = self.servers[one.name]
        self.turns += 1
        unique = f"{os.getpid()}x{self.turns}"
        arguments = [data.PEOPLE, data.AUTHORS, unique]
        if scenario.name == "patch":
            arguments.append(self._versions(one))
        before, database = server.cpu_seconds(), self._database_cpu()
        with PeakMemory(server) as memory:
            load = wrk.load(server.port, scenario.name, arguments, connections, seconds)
        spent, database = server.cpu_seconds() - before, self._database_cpu() - database
        refused = 0 if scenario.status >= 400 else load.refused
        return {
            "rate": load.rate,
            "p50": load.p50,
            "p99": load.p99,
            "cpu": spent / load.requests if load.requests else 0.0,
            "database_cpu": database / load.requests if load.requests else 0.0,
            "memory": memory.most,
            "faults": refused + load.broken,
        }

    def _versions(self, one: Contestant) -> Path:
        file = self.folder / "versions"
        if one.tables == "none":
            file.write_text("1\n" * data.POSTS)
            return file
        return data.versions(self.urls[one.name], self.mariadb, file)

    def _database_cpu(self) -> float:
        return self.mariadb.server.cpu_seconds() if self.mariadb else 0.0


def measure(
    engine: str,
    contestants: list[Contestant],
    scenarios: list[Scenario],
    connections: int,
    rounds: int,
    seconds: int,
    folder: Path,
    tell,
) -> dict[str, dict[str, list[dict]]]:
    """The figures of every round, by scenario and contestant."""
    figures: dict[str, dict[str, list[dict]]] = {}
    with Field(engine, contestants, folder) as field:
        for turn in range(rounds):
            for scenario in scenarios:
                # Each is first as often as last.
                order = field.contestants[:: -1 if turn % 2 else 1]
                for one in order:
                    if scenario.name in one.without:
                        continue
                    seen = field.measure(one, scenario, connections, seconds)
                    figures.setdefault(scenario.name, {}).setdefault(one.name, []).append(seen)
                    tell(engine, connections, turn, scenario, one, seen)
    return figures
