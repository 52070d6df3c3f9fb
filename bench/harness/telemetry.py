"""What telemetry costs: the same build with and without it, in turns."""

import threading
import urllib.request
from contextlib import ExitStack
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import data, wrk
from .contestants import BYLINE
from .processes import Failed, Server, free_port

CONNECTIONS = 64
ROUNDS = 7
SECONDS = 3

OFF = "off"
# A sink of spans is in the environment where `{otlp}` stands.
KINDS = {
    OFF: {"BYLINE_ADMIN_LISTEN": "off", "BYLINE_LOG": "off"},
    "metrics, log": {"BYLINE_LOG": "info"},
    "metrics, log, 5 % of spans": {"BYLINE_LOG": "info", "BYLINE_OTLP_ENDPOINT": "{otlp}", "BYLINE_OTLP_RATIO": "0.05"},
    "metrics, log, all spans": {"BYLINE_LOG": "info", "BYLINE_OTLP_ENDPOINT": "{otlp}"},
    "metrics, log with a line for each request": {"BYLINE_LOG": "info", "BYLINE_LOG_REQUESTS": "true"},
}


class Sink(BaseHTTPRequestHandler):
    """Takes whatever is exported, and counts the batches."""

    protocol_version = "HTTP/1.1"
    taken = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Sink.taken += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def measure(rounds: int, seconds: int, folder: Path, say) -> dict:
    """Rates, and CPU seconds for each request, of every kind in every round."""
    sink = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    everybody = [replace(BYLINE, name=f"byline-{number}") for number in range(len(KINDS))]
    urls = data.sqlite(folder, everybody)
    figures: dict[str, list[dict]] = {kind: [] for kind in KINDS}
    with ExitStack() as stack:
        servers, admins = {}, {}
        for one, (kind, settings) in zip(everybody, KINDS.items()):
            command, env = BYLINE.command(port := free_port(), urls[one.name])
            admin = free_port()
            env |= {"BYLINE_ADMIN_LISTEN": f"127.0.0.1:{admin}"}
            env |= {name: value.format(otlp=f"http://127.0.0.1:{sink.server_port}") for name, value in settings.items()}
            servers[kind] = stack.enter_context(Server(command, port, folder / f"{one.name}.log", env))
            servers[kind].wait()
            admins[kind] = admin if env["BYLINE_ADMIN_LISTEN"] != "off" else None
        for turn in range(-1, rounds):
            for kind in list(KINDS)[:: -1 if turn % 2 else 1]:
                seen = one_turn(servers[kind], admins[kind], seconds)
                # The first warms up.
                if turn >= 0:
                    figures[kind].append(seen)
                    say(f"round {turn + 1} {kind:45}{seen['rate']:9.0f}/s {seen['cpu'] * 1e6:8.1f} µs CPU")
    sink.shutdown()
    if not Sink.taken:
        raise Failed("no span was exported")
    return {"engine": "sqlite", "connections": CONNECTIONS, "rounds": rounds, "seconds": seconds, "kinds": figures}


def one_turn(server: Server, admin: int | None, seconds: int) -> dict:
    """Reads of any of the users; meanwhile a Prometheus asks once a second."""
    done = threading.Event()
    scraper = threading.Thread(target=scrape, args=(admin, done))
    if admin:
        scraper.start()
    before = server.cpu_seconds()
    load = wrk.load(server.port, "read", [data.PEOPLE], CONNECTIONS, seconds)
    spent = server.cpu_seconds() - before
    done.set()
    if admin:
        scraper.join()
    if load.refused + load.broken:
        raise Failed(f"{load.refused + load.broken} requests failed")
    return {"rate": load.rate, "cpu": spent / load.requests}


def scrape(port: int, done: threading.Event) -> None:
    while not done.wait(1):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            answer.read()
