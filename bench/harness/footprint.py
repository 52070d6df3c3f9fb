"""How much memory an idle server takes, and how long it takes to start."""

import socket
import time
from pathlib import Path

from . import data
from .contestants import Contestant
from .processes import Failed, Server, free_port

STARTS = 5
REQUEST = b"GET /users/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def measure(contestants: list[Contestant], folder: Path, say) -> dict:
    """Of each on an existing SQLite file: seconds from the start to the first answer,
    and MiB when it has given one and then nothing for two seconds."""
    with_data = [one for one in contestants if one.tables != "none"]
    urls = data.sqlite(folder, with_data)
    figures: dict[str, dict[str, list[float]]] = {}
    for _ in range(STARTS):
        for one in with_data:
            command, env = one.command(port := free_port(), urls[one.name])
            begun = time.monotonic()
            with Server(command, port, folder / f"{one.name}.log", env) as server:
                seconds = first_answer(server, begun)
                time.sleep(2)
                memory = server.memory()
            seen = figures.setdefault(one.name, {"start": [], "idle": []})
            seen["start"].append(seconds)
            seen["idle"].append(memory)
            say(f"{one.name:10} {seconds * 1e3:7.1f} ms to the first answer, idle {memory:6.1f} MiB")
    return {"engine": "sqlite", "contestants": figures}


def first_answer(server: Server, begun: float) -> float:
    """Asks until there is an answer, without waiting in between."""
    while time.monotonic() - begun < 60:
        if server.process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
                connection.sendall(REQUEST)
                if connection.recv(64).startswith(b"HTTP/1.1 200"):
                    return time.monotonic() - begun
        except ConnectionError:
            time.sleep(0.001)
    raise Failed(f"does not serve:\n{server.log.read_text()[-2000:]}")
