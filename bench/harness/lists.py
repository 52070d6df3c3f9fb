"""Every list that Byline admits, taken from the OpenAPI document that it serves,
with its first and its last page."""

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from .processes import Failed, Server

LIMIT = 50
# Whose lists are asked for, where a list is somebody's.
USERS = 20


@dataclass(frozen=True)
class List:
    """`path` may have `{user_id}`; so may the values of `parameters`."""

    path: str
    sort: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        shown = [f"sort={self.sort}"]
        shown += [f"{name}=…" for name, _ in self.parameters]
        return f"{self.path}?{'&'.join(shown)}"

    def personal(self) -> bool:
        return "{user_id}" in self.path or any("{user" in value for _, value in self.parameters)

    def url(self, user: int, email: str, sort: str | None = None, **more) -> str:
        fill = lambda text: text.replace("{user_id}", str(user)).replace("{user_email}", email)
        parameters = [("sort", sort or self.sort), ("limit", LIMIT)]
        parameters += [(name, fill(value)) for name, value in self.parameters]
        return f"{fill(self.path)}?{urlencode([*parameters, *more.items()])}"

    def reversed(self) -> str:
        return self.sort[1:] if self.sort.startswith("-") else f"-{self.sort}"


# A value of each filter that leaves many rows, or `{…}` of somebody's.
BEGINNING, END = "2025-01-01T00:20:00Z", "2025-05-01T00:00:00Z"
VALUES = {
    "email": "{user_email}",
    "user_id": "{user_id}",
    "name.starts": "B",
    "title.starts": "B",
}


def admitted(document: str) -> list[List]:
    """What the contract admits: a filter with a point in its name goes with the sort
    on the key before the point, any other with every sort."""
    document = json.loads(document)
    lists = []
    for path in ("/users", "/posts", "/users/{user_id}/posts"):
        parameters = document["paths"][path]["get"]["parameters"]
        query = [one for one in parameters if one["in"] == "query"]
        names = [one["name"] for one in query]
        sorts = next(one["schema"]["enum"] for one in query if one["name"] == "sort")
        anywhere = [()] + [((name, VALUES[name]),) for name in names if name in VALUES and "." not in name]
        for sort in sorts:
            key = sort.removeprefix("-")
            narrowed = [()]
            if f"{key}.starts" in names:
                narrowed.append(((f"{key}.starts", VALUES[f"{key}.starts"]),))
            if f"{key}.gte" in names:
                narrowed.append(((f"{key}.gte", BEGINNING), (f"{key}.lt", END)))
            lists += [List(path, sort, one + other) for one in anywhere for other in narrowed]
    return lists


def pages(server: Server, listed: List, users: list[tuple[int, str]]) -> tuple[list[str], list[str]]:
    """The URLs of first pages, and of last ones where there is more than one page."""
    first, last = [], []
    for user, email in users if listed.personal() else users[:1]:
        url = listed.url(user, email)
        first.append(url)
        following = _next(server, url)
        if following:
            last.append(listed.url(user, email, cursor=_last_cursor(server, listed, user, email, following)))
    return first, last


def _next(server: Server, url: str) -> str | None:
    answer = server.ask("GET", url)
    if answer.status != 200:
        raise Failed(f"{url}: {answer.status} {answer.text[:300]}")
    found = re.search(r'cursor=([\w-]+)>; rel="next"', answer.headers["Link"] or "")
    return found and found[1]


def _last_cursor(server: Server, listed: List, user: int, email: str, following: str) -> str:
    """Where the last page begins. Nobody could walk there in the time of a bench, so
    the cursor is made: the list's own one of the second page, with another row's
    place in it. It is proved by making the server's own one in the same way."""
    key = listed.sort.removeprefix("-")
    rows = json.loads(server.ask("GET", listed.url(user, email)).text)
    if _moved(following, rows[-1], key) != following:
        raise Failed("cursors are made in another way now: harness/lists.py must follow")
    backwards = json.loads(server.ask("GET", listed.url(user, email, listed.reversed()).replace(f"limit={LIMIT}", f"limit={LIMIT + 1}")).text)
    return _moved(following, backwards[-1], key)


def _moved(cursor: str, row: dict, key: str) -> str:
    """As crates/http/src/list/cursor.rs writes it: version, side, list (10 bytes), id, key
    with its kind, checksum."""
    content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:10]
    content += row["id"].to_bytes(8, "big")
    if key == "id":
        content += b"\0"
    elif key.endswith("_at"):
        content += b"\2" + _micros(row[key]).to_bytes(8, "big")
    else:
        content += b"\1" + (row[key].lower() if key == "email" else row[key]).encode()
    return base64.urlsafe_b64encode(content + _fnv1a(content)).decode().rstrip("=")


def _micros(time: str) -> int:
    instant = datetime.fromisoformat(time)
    return int(instant.replace(microsecond=0).timestamp()) * 1_000_000 + instant.microsecond


def _fnv1a(content: bytes) -> bytes:
    digest = 0xCBF29CE484222325
    for byte in content:
        digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return digest.to_bytes(8, "big")
