"""A Prometheus scrapes a running service under load. Every metric that the
dashboard, the alert rules and the manual name must exist, every metric that
exists must be in the manual, and every query must return data.

    python3 watch.py PATH-OF-BYLINE
"""

import http.client
import json
import pathlib
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
METRIC = re.compile(r"\b(?:byline|process)_[a-z_]+\b")
PATIENCE = 60
# Rules whose condition cannot come about here, so that without their threshold
# they give nothing either: a bug, and traffic an hour ago.
SILENT = {"BylineBug", "BylineNoTraffic"}


def reserve_port():
    """A socket that holds a port. The kernel gives the port to nobody else; a
    server that sets SO_REUSEADDR, as they do, can listen on it."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return held


def get(address, path, method="GET", body=None, headers=None):
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def wait_for(what, probe):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = probe()
        if found:
            return found
        time.sleep(0.1)
    sys.exit(f"watch: waited in vain for {what}")


class Load(threading.Thread):
    """What clients do, in small, until it is stopped."""

    def __init__(self, address, number):
        super().__init__(daemon=True)
        self.address, self.number, self.stopped = address, number, False

    def run(self):
        count = 0
        while not self.stopped:
            count += 1
            email = f"ada{self.number}.{count}@example.org"
            body = json.dumps({"name": "Ada", "email": email})
            headers = {"content-type": "application/json", "idempotency-key": email}
            for _ in range(2):
                get(self.address, "/users", "POST", body, headers)
            get(self.address, "/users/1")
            get(self.address, "/users?limit=10")
            get(self.address, "/nowhere")
            time.sleep(0.01)


class Prometheus:
    def __init__(self, folder, target):
        self.port = reserve_port()
        self.address = f"127.0.0.1:{self.port.getsockname()[1]}"
        (folder / "alerts.yml").write_text((ROOT / "deploy/prometheus/alerts.yml").read_text())
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            "rule_files: [alerts.yml]\n"
            f"scrape_configs: [{{job_name: byline, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address={self.address}",
            ],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=(folder / "prometheus.log").open("w"),
        )

    def ask(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        status, text = get(self.address, f"/api/v1/{path}?{query}")
        answer = json.loads(text)
        if answer["status"] != "success":
            sys.exit(f"watch: {parameters}: {answer.get('error')}")
        return answer["data"]

    def is_up(self):
        if self.process.poll() is not None:
            sys.exit(f"watch: Prometheus has ended with {self.process.returncode}")
        try:
            return get(self.address, "/-/ready")[0] == 200
        except OSError:
            return False

    def rows(self, query):
        return self.ask("query", query=query)["result"]


def without_threshold(expression):
    """The side of a comparison that is measured."""
    return re.sub(r"\s*(?:==|>|<)\s*[\d.* ]+$", "", " ".join(expression.split()))


def dashboard_queries():
    dashboard = json.loads((ROOT / "deploy/grafana/byline.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"].replace("$__rate_interval", "10s").replace("$instance", ".*")
            yield f"panel {panel['title']}", query


def check(prometheus, metrics_text):
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    troubles = [f"rule {rule['name']}: {rule['lastError']}" for rule in rules if rule.get("lastError")]
    queries = list(dashboard_queries())
    queries += [(f"rule {rule['name']}", without_threshold(rule["query"])) for rule in rules]
    known = set(prometheus.ask("label/__name__/values"))
    for origin, query in queries:
        missing = set(METRIC.findall(query)) - known
        if missing:
            troubles.append(f"{origin} names {', '.join(sorted(missing))}, which nobody exports")
        elif origin.removeprefix("rule ") not in SILENT and not prometheus.rows(query):
            troubles.append(f"{origin} returns nothing: {query}")
    manual = (ROOT / "docs/operations.md").read_text()
    exported = re.findall(r"^# TYPE (\S+) (\S+)$", metrics_text, re.MULTILINE)
    suffix = {"counter": "_total"}
    exported = {name + suffix.get(kind, "") for name, kind in exported}
    in_manual = set(re.findall(r"`((?:byline|process)_[a-z_]+)`", manual))
    troubles += [f"the manual lacks {name}" for name in sorted(exported - in_manual)]
    troubles += [f"the manual has {name}, which nobody exports" for name in sorted(in_manual - exported)]
    troubles += [f"the manual lacks {rule['name']}" for rule in rules if f"`{rule['name']}`" not in manual]
    return troubles, len(exported), len(queries)


def refuse_writes(folder, prometheus):
    """Has the database refuse writes for a moment, so that there are 5xx, and
    gives the rate at which Prometheus sees them come. Not by the first: a rate
    is of what has grown between two looks, and a first error has been nothing
    before."""
    lock = sqlite3.connect(folder / "byline.db", isolation_level=None, timeout=PATIENCE)
    lock.execute("BEGIN IMMEDIATE")
    time.sleep(1)
    lock.execute("ROLLBACK")
    lock.close()
    return prometheus.rows('rate(byline_http_request_duration_seconds_count{status=~"5.."}[10s]) > 0')


def main(byline):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        # Ends what is left if this process is killed.
        subprocess.Popen([ROOT / "scripts/guard", folder], stdin=subprocess.PIPE, start_new_session=True)
        settings = {
            "BYLINE_LISTEN": "127.0.0.1:0",
            "BYLINE_ADMIN_LISTEN": "127.0.0.1:0",
            "BYLINE_LOG": "off",
            "BYLINE_REQUEST_DEADLINE": "200ms",
        }
        service = subprocess.Popen([byline], cwd=folder, env=settings, stdout=subprocess.PIPE, text=True)
        prometheus, clients, troubles = None, [], []
        try:
            address = service.stdout.readline().strip().removeprefix("listening on http://")
            admin = service.stdout.readline().strip()
            admin = admin.removeprefix("metrics on http://").removesuffix("/metrics")
            prometheus = Prometheus(folder, admin)
            wait_for("Prometheus", prometheus.is_up)
            clients = [Load(address, number) for number in range(4)]
            for client in clients:
                client.start()
            wait_for("a scrape", lambda: prometheus.rows("byline_build_info"))
            wait_for("errors to be seen", lambda: refuse_writes(folder, prometheus))
            wait_for("rates", lambda: prometheus.rows("rate(byline_store_commit_duration_seconds_count[10s]) > 0"))
            wait_for("rules", lambda: all(
                rule["lastEvaluation"] > "0002" for group in prometheus.ask("rules")["groups"] for rule in group["rules"]
            ))
            found, metrics, queries = check(prometheus, get(admin, "/metrics")[1])
            troubles += found
        finally:
            for client in clients:
                client.stopped = True
            for client in clients:
                client.join()
            for process in [service, prometheus and prometheus.process]:
                if process:
                    process.terminate()
                    try:
                        process.wait(PATIENCE)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        troubles.append(f"{process.args[0]} does not end")
    if troubles:
        sys.exit("watch: " + "\n       ".join(troubles))
    print(f"{queries} queries of the dashboard and the rules return data; {metrics} metrics are in the manual")


main(pathlib.Path(sys.argv[1]).resolve())
