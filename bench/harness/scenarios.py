"""What is asked of every contestant."""

import json
from dataclasses import dataclass, field

ABSENT = 999_999_999


@dataclass(frozen=True)
class Scenario:
    """Its load is `bench/load/<name>.lua`; the rest is one such request, for
    looking at the answer before anything is measured."""

    name: str
    label: str
    path: str
    status: int
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None

    def check(self, answer) -> str | None:
        """What is wrong with an answer, if anything."""
        if answer.status != self.status:
            return f"{answer.status} instead of {self.status}: {answer.text[:300]}"
        if self.status == 304:
            return "a 304 with a body" if answer.text else None
        document = json.loads(answer.text)
        if self.name.startswith("page") and len(document) != 50:
            return f"a page of {len(document)} rows instead of 50"
        return None


SCENARIOS = [
    Scenario("read", "read one", "/users/1", 200),
    Scenario("page", "page of 50", "/posts?limit=50", 200),
    Scenario(
        "page-by-user",
        "page of 50, by user, newest first",
        "/users/1/posts?sort=-created_at&limit=50",
        200,
    ),
    Scenario(
        "create",
        "durable create",
        "/users",
        201,
        method="POST",
        body='{"name":"Ada Lovelace","email":"ada@example.org"}',
    ),
    Scenario(
        "patch",
        "patch with `If-Match`",
        "/posts/1",
        200,
        method="PATCH",
        headers={"If-Match": '"1"'},
        body='{"title":"Change 1"}',
    ),
    Scenario("mixed", "nine reads, one create", "/users/1", 200),
    Scenario("missing", "404", f"/users/{ABSENT}", 404),
    Scenario("unchanged", "304", "/users/1", 304, headers={"If-None-Match": '"1"'}),
]

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
