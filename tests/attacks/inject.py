"""sqlmap, which tries to smuggle SQL into every parameter that the OpenAPI
document names: of paths, queries, headers and bodies.

    inject.py BYLINE DOCUMENT [LEVEL]

Level 3 tries headers too, and takes half an hour; level 1 a minute.
"""

import json
import os
import subprocess
import sys

from service import Service

EXAMPLES = {
    "user_id": "1",
    "post_id": "1",
    "code": "not-found",
    "limit": "10",
    "sort": "id",
    "cursor": "AQAAAAAAAAAAAAAAAAAAAAA",
    "email": "ada@example.org",
    "name.starts": "A",
    "title.starts": "N",
    "created_at.gte": "2026-01-01T00:00:00Z",
    "created_at.lt": "2027-01-01T00:00:00Z",
    "updated_at.gte": "2026-01-01T00:00:00Z",
    "updated_at.lt": "2027-01-01T00:00:00Z",
    "embed": "user",
    "posts": "delete",
}
BODIES = {
    ("post", "/users"): {"name": "Ada*", "email": "ada2*@example.org"},
    ("put", "/users/{user_id}"): {"name": "Ada*", "email": "ada*@example.org"},
    ("patch", "/users/{user_id}"): {"name": "Ada*"},
    ("post", "/users/{user_id}/posts"): {"title": "Notes*", "content": "c*"},
    ("post", "/posts"): {"user_id": 1, "title": "Notes*", "content": "c*"},
    ("put", "/posts/{post_id}"): {"user_id": 1, "title": "Notes*", "content": "c*"},
    ("patch", "/posts/{post_id}"): {"title": "Notes*"},
    ("post", "/batch"): {
        "operations": [{"op": "create*", "type": "user*", "ref": "a*", "data": {"name": "A*", "email": "b*@c.de"}}]
    },
}
HEADERS = [
    ("GET", "/users", "prefer: count=exact*"),
    ("GET", "/users/1", 'if-none-match: "1*"'),
    ("GET", "/users/1", "x-request-id: r*"),
    ("GET", "/users/1", "user-agent: u*"),
    ("POST", "/users", "idempotency-key: k*"),
    ("PUT", "/users/1", 'if-match: "1*"'),
]
PLAIN = {"name": "Ada", "email": "ada@example.org"}


def targets(document):
    """What to try, with the values marked: method, path, header, body."""
    for method, path, header in HEADERS:
        yield method, path, header, None if method == "GET" else PLAIN
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            parameters = [p.get("name") or p["$ref"].rsplit("/", 1)[1] for p in operation.get("parameters", [])]
            query = [
                p["name"] for p in operation.get("parameters", []) if p.get("in") == "query"
            ]
            where = path
            for name in parameters:
                where = where.replace("{" + name + "}", EXAMPLES.get(name, "1") + "*")
            # One at a time: together most of them are refused as a combination.
            for name in query or [None]:
                at = where if name is None else f"{where}?{name}={EXAMPLES.get(name, '1')}*"
                body = BODIES.get((method, path))
                if "*" in at or body is not None:
                    yield method.upper(), at, None, body


def run(service, level, method, path, header, body, folder):
    command = [
        "sqlmap", "-u", service.url + path, "--method", method, "--batch", "--level", str(level), "--risk", "2",
        "--flush-session", "--output-dir", folder, "--disable-coloring", "--threads", "4", "--timeout", "10",
        "--ignore-code", "*", "--dbms", "SQLite", "--technique", "BEUST" if level > 1 else "BEUS", "--smart",
    ]
    if level >= 3:
        # Without the short cut that gives up where nothing seems to change.
        command.remove("--smart")
    headers = ["content-type: application/json"] + ([header] if header else [])
    command += ["--headers", "\n".join(headers)]
    if body is not None:
        command += ["--data", json.dumps(body)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "sqlmap identified the following injection" in done.stdout or "is vulnerable" in done.stdout:
        print(done.stdout, file=sys.stderr)
        raise SystemExit(f"attacks: {method} {path} takes SQL")
    # With --smart a parameter is left once it does not look promising.
    if "parameter '" not in done.stdout and "no parameter(s) found" not in done.stdout:
        print(done.stdout[-3000:], file=sys.stderr)
        raise SystemExit(f"attacks: sqlmap has not tried {method} {path}")
    return done.stdout.count("testing '") + done.stdout.count("heuristic")


def main():
    binary, document = sys.argv[1:3]
    level = int((sys.argv[3:] or ["1"])[0])
    with open(document) as file:
        document = json.load(file)
    count = tested = 0
    with Service(binary) as service:
        folder = os.path.join(service.folder.name, "sqlmap")
        ada = service.post("/users", {"name": "Ada", "email": "ada@example.org"})
        service.post("/posts", {"user_id": ada["id"], "title": "Notes", "content": "c"})
        for target in targets(document):
            tested += run(service, level, *target, folder)
            count += 1
            print(f"\r{count} targets", end="", flush=True, file=sys.stderr)
        service.log.seek(0)
        wrong = [line for line in service.log if '"ERROR"' in line or "syntax error" in line]
    if wrong:
        raise SystemExit(f"attacks: the service has failed: {wrong[:3]}")
    print(file=sys.stderr)
    print(f"sqlmap: {count} targets at level {level}, {tested} kinds of tests, nothing found")


if __name__ == "__main__":
    os.environ["PYTHONWARNINGS"] = "ignore"
    main()
