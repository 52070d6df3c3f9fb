"""A thousand slow connections at a time, in four ways: slow heads, slow bodies
and slow readers by slowhttptest, and slow second heads on kept connections,
which it does not have. Meanwhile ordinary clients are all served, and no slow
connection lasts longer than 15 seconds.

    slow.py BYLINE [ATTACK...]
"""

import http.client
import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time

from service import Service

CONNECTIONS = 1000
SECONDS = 25
LONGEST = 15.0
CLIENTS = 8


def established(port):
    """The client ports of all connections to `port` that the service has not closed."""
    found = set()
    with open("/proc/net/tcp") as table:
        next(table)
        for line in table:
            fields = line.split()
            local, remote, state = fields[1], fields[2], fields[3]
            # ESTABLISHED, or closed by the client and not yet by the service.
            if int(local.split(":")[1], 16) == port and state in ("01", "08"):
                found.add(int(remote.split(":")[1], 16))
    return found


class Watch(threading.Thread):
    """Notes how long each connection lasts that is not an ordinary client's."""

    def __init__(self, port, ordinary):
        super().__init__(daemon=True)
        self.port, self.ordinary = port, ordinary
        self.since, self.longest, self.most, self.seen = {}, 0.0, 0, 0
        self.stop = threading.Event()

    def run(self):
        while not self.stop.wait(0.25):
            now = time.monotonic()
            open_now = established(self.port) - self.ordinary
            self.since = {port: self.since.get(port, now) for port in open_now}
            self.most = max(self.most, len(open_now))
            self.longest = max([self.longest] + [now - since for since in self.since.values()])


class Ordinary(threading.Thread):
    """A client as it should be: reads and writes, on a connection that it keeps."""

    def __init__(self, service, number, stop, ordinary):
        super().__init__(daemon=True)
        self.service, self.number, self.stop, self.ordinary = service, number, stop, ordinary
        self.served, self.failed, self.slowest = 0, [], 0.0

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
        connection.connect()
        self.ordinary.add(connection.sock.getsockname()[1])
        return connection

    def run(self):
        connection = self.connect()
        while not self.stop.is_set():
            body = None
            if self.served % 10 == 0:
                email = f"{self.number}.{self.served}.{time.monotonic_ns()}@example.org"
                body = json.dumps({"name": "Ada", "email": email})
            begun = time.monotonic()
            try:
                if body:
                    connection.request("POST", "/users", body, {"content-type": "application/json"})
                else:
                    connection.request("GET", "/users?limit=10")
                answer = connection.getresponse()
                answer.read()
                if answer.status not in (200, 201):
                    self.failed.append(answer.status)
                self.served += 1
            except OSError as error:
                self.failed.append(repr(error))
                connection = self.connect()
            self.slowest = max(self.slowest, time.monotonic() - begun)
            time.sleep(0.02)


def slowhttptest(*arguments):
    def attack(service, seconds):
        url = service.url + arguments[-1]
        command = ["slowhttptest", "-c", str(CONNECTIONS), "-r", "500", "-l", str(seconds), "-u", url]
        return subprocess.run(command + list(arguments[:-1]), stdout=subprocess.DEVNULL, check=True)

    return attack


def second_heads(service, seconds):
    """Sends a good request on each connection, and then a head a byte at a time."""
    sockets = []
    for _ in range(CONNECTIONS):
        one = socket.create_connection(("127.0.0.1", service.port))
        one.sendall(b"GET /livez HTTP/1.1\r\nhost: byline\r\n\r\n")
        sockets.append(one)
    for one in sockets:
        if not one.recv(4096).startswith(b"HTTP/1.1 200 "):
            raise SystemExit("attacks: the first request is not answered")
        one.setblocking(False)
    head = b"GET /users HTTP/1.1\r\nhost: byline\r\n" + b"x-a: b\r\n" * 1000
    deadline = time.monotonic() + seconds
    for byte in head:
        if time.monotonic() > deadline:
            break
        for one in sockets:
            try:
                one.send(bytes([byte]))
            except OSError:
                pass
        time.sleep(0.5)
    for one in sockets:
        one.close()


ATTACKS = {
    "slow heads": slowhttptest("-H", "-i", "2", "-x", "8", "/users"),
    "slow bodies": slowhttptest("-B", "-i", "2", "-s", "8192", "-x", "8", "-f", "application/json", "/users"),
    "slow readers": slowhttptest("-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-k", "3", "/posts"),
    "slow second heads": second_heads,
}


def main():
    binary, names = sys.argv[1], sys.argv[2:] or list(ATTACKS)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    failed = False
    for name in names:
        with Service(binary) as service:
            ada = service.post("/users", {"name": "Ada", "email": "ada@example.org"})
            for number in range(20):
                post = {"user_id": ada["id"], "title": str(number), "content": "x" * 50_000}
                service.post("/posts", post)
            ordinary, stop = set(), threading.Event()
            clients = [Ordinary(service, number, stop, ordinary) for number in range(CLIENTS)]
            watch = Watch(service.port, ordinary)
            for thread in [*clients, watch]:
                thread.start()
            ATTACKS[name](service, SECONDS)
            stop.set()
            for client in clients:
                client.join(60)
            watch.stop.set()
            watch.join()
            served = sum(client.served for client in clients)
            failures = [failure for client in clients for failure in client.failed]
            slowest = max(client.slowest for client in clients)
            print(
                f"{name}: up to {watch.most} slow connections at a time, the longest for "
                f"{watch.longest:.1f} s; {served} ordinary requests served, the slowest in "
                f"{slowest * 1000:.0f} ms, {len(failures)} failed; "
                f"{service.status('VmHWM') // 1024} MiB at the peak"
            )
            if failures or watch.longest > LONGEST or watch.most < CONNECTIONS * 0.5 or not served:
                print(f"attacks: {name} went through: {failures[:5]}", file=sys.stderr)
                failed = True
    sys.exit(failed)


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    main()
