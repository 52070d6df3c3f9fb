"""Checks every response of the tour in docs/api.md, and of more requests, with httplint.

    messages.py DOCUMENT SERVICE PROTECTED ADMIN

SERVICE is the URL of a new service without authentication. PROTECTED is the URL of one
with keys, a rate limit of 20 requests and one CORS origin, and ADMIN the URL of its admin
listener. All requests go through a proxy that records the bytes.
"""

import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import urlsplit

from httplint import HttpRequestLinter, HttpResponseLinter, levels

# Accepted notes, by name, each with its reason.
ALLOWED = {
    # RFC 9110 section 12.5: in a response they say what a request may contain.
    "REQUEST_HDR_IN_RESPONSE": "`Accept` and `Accept-Encoding` in a 415",
    # These repeat the status.
    "STATUS_BAD_REQUEST": "the request was malformed on purpose",
    "STATUS_URI_TOO_LONG": "the URL was too long on purpose",
    # actix-cors adds both preflight headers to `Origin` in every `Vary`.
    "VARY_COMPLEX": "`/docs` varies by `Accept-Encoding` too",
}

BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Exchange:
    """A request and its response, as bytes, and when they were sent."""

    def __init__(self, request, answer, at):
        self.request, self.answer, self.at = request, answer, at


class Proxy:
    """Passes bytes on to a service, and records them."""

    def __init__(self, service):
        target = urlsplit(service)
        self.target = (target.hostname, target.port)
        self.exchanges = []
        self.threads = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            thread = threading.Thread(target=self.serve, args=[client])
            self.threads.append(thread)
            thread.start()

    def serve(self, client):
        at = time.time()
        with client, socket.create_connection(self.target) as service:
            sent, answered = bytearray(), bytearray()
            to = threading.Thread(target=pump, args=[client, service, sent])
            to.start()
            pump(service, client, answered)
            to.join()
        self.exchanges.append(Exchange(bytes(sent), bytes(answered), at))

    def finish(self):
        """Waits for all connections and returns their exchanges."""
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "a connection does not end"
        return self.exchanges


def pump(source, target, kept):
    try:
        while block := source.recv(65536):
            kept += block
            target.sendall(block)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def tour(document, base):
    """Runs the commands of the document unchanged."""
    with open(document, encoding="utf-8") as file:
        blocks = BLOCK.findall(file.read())
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    commands = [line for line in lines if not line.startswith(("byline ", "base="))]
    assert len(commands) > 40, commands
    with tempfile.TemporaryDirectory() as folder:
        script = "\n".join([f"base={base}", *commands])
        environment = {"PATH": "/usr/bin:/bin", "CURL_HOME": folder}
        subprocess.run(
            ["sh", "-c", script], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL
        )


def send(base, method, path, *headers, body=b""):
    """Sends a request unchanged, and reads until the connection ends."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    head = "\r\n".join([*lines, "", ""]).encode()
    address = urlsplit(base)
    with socket.create_connection((address.hostname, address.port)) as connection:
        try:
            connection.sendall(head + body)
        except OSError:
            pass  # refused before it was read
        answer = bytearray()
        try:
            while block := connection.recv(65536):
                answer += block
        except OSError:
            pass
    return bytes(answer)


def tag_of(answer):
    return re.search(rb"(?i)\netag: (.*)\r", answer).group(1).decode()


def more(open_to_all, protected, admin):
    """Sends requests that the tour does not contain."""
    paths = ["/", "/users", "/users/1", "/posts?embed=user", "/problems/not-found", "/openapi.json"]
    for path in [*paths, "/docs", "/docs/start.js", "/docs/swagger-ui.css"]:
        for headers in [[], ["Accept-Encoding: gzip"], ["Origin: https://app.example.org"]]:
            answer = send(open_to_all, "GET", path, *headers)
            send(open_to_all, "GET", path, *headers, f"If-None-Match: {tag_of(answer)}")
            send(open_to_all, "HEAD", path, *headers)
    for path in ["/", "/problems/not-found"]:
        for media_type in ["text/html", "application/json", "text/plain;q=.2, */*;q=.1"]:
            send(open_to_all, "GET", path, f"Accept: {media_type}")
    send(open_to_all, "GET", "/users", "Prefer: count=exact")
    for headers in [["Content-Encoding: gzip"], ["If-Match: 1"], ["Prefer: ="]]:
        send(open_to_all, "PUT", "/users/1", *headers, body=b"{}")
    send(open_to_all, "PUT", "/users/1", 'If-Match: "77"', body=b'{"name":"A","email":"a@b.example"}')
    send(open_to_all, "POST", "/users", body=b" " * 1_100_000)
    send(open_to_all, "GET", "/users?" + "x" * 9000)
    send(open_to_all, "GET", "/users", "X-Long: " + "x" * 140_000)
    send(open_to_all, "GET", "/ users")
    for path in ["/livez", "/readyz", "/me", "/users/1/posts"]:
        send(open_to_all, "GET", path)
        send(open_to_all, "OPTIONS", path)
        send(open_to_all, "BREW", path)
    origin = "Origin: https://app.example.org"
    asked = ["Access-Control-Request-Method: PATCH", "Access-Control-Request-Headers: traceparent"]
    send(protected, "OPTIONS", "/users/1", origin, *asked)
    send(protected, "GET", "/users", origin)
    send(protected, "GET", "/users", "Authorization: Bearer nonsense", origin)
    send(protected, "GET", "/docs", origin)
    for path in ["/" + "x" * 9000, "/users\x01"]:
        send(protected, "GET", path, origin)
    for _ in range(20):
        send(protected, "GET", "/users", origin)
    for path in ["/metrics", "/livez", "/readyz", "/nowhere"]:
        send(admin, "GET", path)


def split(exchange):
    """Returns the requests on a connection with their responses, each as (first line, headers, body)."""
    requests, answers = [], []
    rest = exchange.request
    while rest:
        line, headers, rest = head(rest)
        length = int(headers_named(headers, b"content-length") or 0)
        requests.append((line, headers, rest[:length]))
        rest = rest[length:]
    rest = exchange.answer
    while rest:
        line, headers, rest = head(rest)
        if line.split()[1] == b"100":
            continue
        asked = requests[len(answers)][0] if len(answers) < len(requests) else b""
        length = int(headers_named(headers, b"content-length") or 0)
        if asked.startswith(b"HEAD ") or line.split()[1] in (b"204", b"304"):
            length = 0
        assert headers_named(headers, b"transfer-encoding") is None, line
        answers.append((line, headers, rest[:length]))
        rest = rest[length:]
    return list(zip(requests, answers))


def head(data):
    lines, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = lines.split(b"\r\n")
    headers = [tuple(part.strip() for part in line.split(b":", 1)) for line in lines]
    return first, headers, rest


def headers_named(headers, name):
    return next((value for key, value in headers if key.lower() == name), None)


def judge(exchange):
    """Yields httplint's notes on the responses of a connection."""
    for request, answer in split(exchange):
        (line, headers, body) = request
        about_request = HttpRequestLinter(start_time=exchange.at)
        is_head = line.startswith(b"HEAD ")
        about_answer = HttpResponseLinter(start_time=exchange.at, no_content=is_head)
        about_request.response, about_answer.request = about_answer, about_request
        method, target, version = (line.split(b" ") + [b"", b""])[:3]
        about_request.process_request_topline(method, target, version)
        about_request.process_headers([pair for pair in headers if len(pair) == 2])
        about_request.feed_content(body)
        about_request.finish_content(True)
        (status, headers, body) = answer
        version, code, phrase = status.split(b" ", 2)
        about_answer.process_response_topline(version, code, phrase)
        about_answer.process_headers(headers)
        about_answer.feed_content(body)
        about_answer.finish_content(True)
        for note in flat(about_answer.notes):
            yield line, status, note


def flat(notes):
    for note in notes:
        yield note
        yield from flat(note.subnotes)


def main():
    document, *services = sys.argv[1:]
    proxies = [Proxy(service) for service in services]
    tour(document, proxies[0].url)
    more(*(proxy.url for proxy in proxies))
    exchanges = [exchange for proxy in proxies for exchange in proxy.finish()]
    found, statuses, used = {}, {}, set()
    for exchange in exchanges:
        for line, status, note in judge(exchange):
            statuses.setdefault(status.split()[1].decode(), set()).add(line)
            if note.level not in (levels.WARN, levels.BAD):
                continue
            name = type(note).__name__
            if name in ALLOWED:
                used.add(name)
            else:
                where = f"{line.decode(errors='replace')[:100]} -> {status.decode()}"
                found.setdefault((name, str(note.summary)), []).append(where)
    for (name, summary), where in sorted(found.items()):
        print(f"{name}: {summary}", *where[:5], sep="\n    ", file=sys.stderr)
    unused = sorted(set(ALLOWED) - used)
    if unused:
        print("allowed, and not found:", *unused, file=sys.stderr)
    expected = "200 201 204 304 400 401 404 405 406 409 412 413 414 415 422 429 431".split()
    missing = [status for status in expected if status not in statuses]
    if missing:
        print("no answer with", *missing, file=sys.stderr)
    print(f"httplint: {len(exchanges)} answers, {len(found)} kinds of fault")
    sys.exit(bool(found or unused or missing))


main()
