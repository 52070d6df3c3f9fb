"""A service to attack: the real binary, in a folder of its own."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request


ROOT = pathlib.Path(__file__).resolve().parents[2]


class Service:
    """Serves from a new SQLite file until it is closed."""

    def __init__(self, binary, **settings):
        self.folder = tempfile.TemporaryDirectory(prefix="byline-attack-")
        # Ends the service if this process is killed.
        guard = [ROOT / "scripts/guard", os.path.realpath(self.folder.name)]
        self.guard = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("BYLINE_", "DATABASE_URL"))}
        environment |= {"BYLINE_LISTEN": "127.0.0.1:0", "BYLINE_LOG": "warn"} | settings
        self.log = open(os.path.join(self.folder.name, "log"), "w+")
        self.process = subprocess.Popen(
            [binary], cwd=self.folder.name, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.log.seek(0)
            raise SystemExit(f"attacks: the service does not start: {self.log.read()}")
        self.url = line.removeprefix("listening on ").strip()
        self.port = int(self.url.rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        self.log.close()
        self.guard.stdin.close()
        self.guard.wait()
        self.folder.cleanup()

    def post(self, path, body):
        """Creates something, and gives what was created."""
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"content-type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def status(self, field):
        """A line of /proc/<pid>/status, as a number."""
        with open(f"/proc/{self.process.pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))
