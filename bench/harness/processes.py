"""Servers as processes, and what they cost: CPU time and memory of a server with
all its children, from /proc."""

import http.client
import os
import socket
import subprocess
import threading
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024


class Failed(Exception):
    """A program did not do what the bench needs of it."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(*command, **options) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Server:
    """A program that listens on `port`. Ends when the block that it is used in does."""

    def __init__(self, command, port: int, log: Path, env: dict[str, str] | None = None, cpus: str | None = None):
        self.port = port
        self.log = log
        pinned = ["taskset", "-c", cpus] if cpus else []
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*pinned, *map(str, command)],
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait(self, path: str = "/users/1", seconds: float = 180) -> None:
        """Returns once `path` is answered."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                break
            try:
                if self.ask("GET", path).status < 500:
                    return
            except OSError:
                time.sleep(0.01)
        raise Failed(f"does not serve:\n{self.log.read_text()[-2000:]}")

    def ask(self, method: str, path: str, headers: dict | None = None, body: str | None = None):
        """One request on a connection of its own; the answer has its text in `text`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            sent = dict(headers or {})
            if body is not None:
                sent["Content-Type"] = "application/json"
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            answer.text = answer.read().decode()
            return answer
        finally:
            connection.close()

    def pids(self) -> list[int]:
        """The process and all that it started."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting.extend(map(int, _read(children).split()))
        return found

    def pin(self, cpus: str) -> None:
        """Keeps all threads on these cores."""
        for pid in self.pids():
            run("taskset", "-a", "-c", "-p", cpus, pid)

    def cpu_seconds(self) -> float:
        return sum(map(_cpu_seconds, self.pids()))

    def memory(self) -> float:
        """MiB that are resident now, without what is mapped of databases: the
        system keeps those pages whether they are mapped or read."""
        return sum(_status(pid, "VmRSS") - _mapped(pid) for pid in self.pids()) / MIB


class PeakMemory:
    """The most MiB that a server takes while the block that it is used in runs, looked
    at ten times a second."""

    def __init__(self, server: Server):
        self.server = server
        self.most = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self.most = max(self.most, self.server.memory())


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""  # ended in the meantime


def _cpu_seconds(pid: int) -> float:
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def _mapped(pid: int) -> int:
    """Bytes of database files that are mapped and resident."""
    mapped, of_database = 0, False
    for line in _read(Path(f"/proc/{pid}/smaps")).splitlines():
        key, _, value = line.partition(":")
        if "-" in key.split(" ")[0]:
            of_database = line.endswith(".db")
        elif of_database and key == "Rss":
            mapped += int(value.split()[0]) * 1024
    return mapped


def _status(pid: int, name: str) -> int:
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    return 0
