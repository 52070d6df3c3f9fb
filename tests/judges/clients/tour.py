"""A tour of the API with the client that openapi-python-client generates.

    python tour.py URL STRICT-URL

The second service requires `If-Match` and has a request deadline of one second.
"""

import http.client
import json
import sys
import uuid
from urllib.parse import urlsplit

from byline_client import Client
from byline_client.api.posts import create_post, create_user_post, delete_post, list_user_posts
from byline_client.api.service import get_problem, get_readiness, get_service
from byline_client.api.users import create_user, delete_user, get_user, list_users, replace_user, update_user
from byline_client.models import (
    CreatePost,
    CreateUser,
    CreateUserPost,
    DeleteUserPosts,
    Post,
    Problem,
    ProblemCode,
    ReplaceUser,
    User,
    UpdateUser,
)

client, strict = (Client(base_url=url, raise_on_unexpected_status=True) for url in sys.argv[1:3])
mark = uuid.uuid4().hex[:8]
provoked = set()

# Codes and statuses that a single request cannot cause. The tests that block the
# database, fill the queue or send credentials cover them.
NOT_PROVOKED = {"key-in-use", "limit-reached"}
NOT_PROVOKED_STATUSES = {401, 403, 429, 500, 503}


def expect(answer, status, kind=None):
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert kind is None or isinstance(answer.parsed, kind), answer.parsed
    return answer


def problem(answer, status, code):
    """Asserts that the answer is this problem, and that the problem has a page."""
    expect(answer, status, Problem)
    assert answer.parsed.code == code, answer.parsed
    provoked.add(code)
    page = get_problem.sync_detailed(code=answer.parsed.code, client=client)
    assert page.status_code == 200 and page.content, page
    return answer.parsed


def also_sending(headers):
    """Returns a client that also sends these headers."""
    return Client(base_url=sys.argv[1], headers=headers, raise_on_unexpected_status=True)


class Raw:
    """The answer to a request that the generated client cannot send."""

    def __init__(self, response):
        self.status_code = getattr(response, "status_code", None) or response.status
        self.content = getattr(response, "content", None) or response.read()
        self.headers = response.headers
        self.parsed = Problem.from_dict(json.loads(self.content))


def send(method, path, **more):
    """Sends a request unchanged."""
    return Raw(client.get_httpx_client().request(method, path, **more))


def begin(headers, body):
    """Begins a request with a body and never completes it."""
    connection = http.client.HTTPConnection(urlsplit(sys.argv[2]).netloc, timeout=30)
    connection.putrequest("POST", "/users")
    for name, value in {"Content-Type": "application/json", **headers}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    return Raw(connection.getresponse())


def email(name):
    return f"{name}.{mark}@example.org"


def next_cursor(answer):
    for link in answer.headers["link"].split(", "):
        target, relation = link.split("; ")
        if relation == 'rel="next"':
            return target.strip("<>").split("cursor=")[1].split("&")[0]
    return None


def tour():
    assert get_service.sync(client=client).name == "byline"
    assert get_readiness.sync(client=client).status == "ready"

    created = expect(create_user.sync_detailed(client=client, body=CreateUser(name="Ada", email=email("ada"))), 201, User)
    ada, tag = created.parsed, created.headers["etag"]
    assert created.headers["location"] == f"/users/{ada.id}"
    posts = [
        expect(create_user_post.sync_detailed(ada.id, client=client, body=CreateUserPost(title=f"Note {n}", content="")), 201, Post).parsed
        for n in range(5)
    ]
    walked, cursor = [], None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = expect(list_user_posts.sync_detailed(ada.id, client=client, limit=2, **more), 200)
        walked += [post.id for post in page.parsed]
        cursor = next_cursor(page)
        if cursor is None:
            break
    assert walked == [post.id for post in posts], walked

    # A request sent twice with the same key takes effect once.
    key = str(uuid.uuid4())
    grace = CreateUser(name="Grace", email=email("grace"))
    first = expect(create_user.sync_detailed(client=client, body=grace, idempotency_key=key), 201, User)
    replayed = expect(create_user.sync_detailed(client=client, body=grace, idempotency_key=key), 201, User)
    assert replayed.content == first.content
    assert replayed.headers["idempotency-replayed"] == "true" and "idempotency-replayed" not in first.headers
    another = CreateUser(name="Grace", email=email("other"))
    problem(create_user.sync_detailed(client=client, body=another, idempotency_key=key), 422, "key-reused")

    change = UpdateUser(name="Ada Lovelace")
    changed = expect(update_user.sync_detailed(ada.id, client=client, body=change, if_match=tag), 200, User)
    assert changed.parsed.name == "Ada Lovelace"
    problem(update_user.sync_detailed(ada.id, client=client, body=change, if_match=tag), 412, "precondition-failed")
    fresh = get_user.sync_detailed(ada.id, client=client, if_none_match=changed.headers["etag"])
    assert fresh.status_code == 304
    whole = ReplaceUser(name="Countess of Lovelace", email=email("countess"))
    expect(replace_user.sync_detailed(ada.id, client=client, body=whole), 200, User)

    other = CreateUser(name="Another", email=email("COUNTESS"))
    problem(create_user.sync_detailed(client=client, body=other), 409, "email-taken")
    orphan = CreatePost(user_id=2**53 - 1, title="Nobody's", content="")
    problem(create_post.sync_detailed(client=client, body=orphan), 409, "author-missing")
    blank = CreateUser(name=" ", email="nonsense")
    faults = problem(create_user.sync_detailed(client=client, body=blank), 422, "invalid-fields").errors
    assert {fault.pointer for fault in faults} == {"/name", "/email"}, faults
    problem(list_users.sync_detailed(client=client, limit=101), 400, "invalid-parameter")
    problem(list_users.sync_detailed(client=client, cursor="nonsense"), 400, "invalid-cursor")
    problem(get_user.sync_detailed(2**53 - 1, client=client), 404, "not-found")
    problem(get_user.sync_detailed(ada.id, client=client, if_none_match="bare"), 400, "invalid-header")
    problem(delete_user.sync_detailed(ada.id, client=client), 409, "user-has-posts")

    large = CreateUserPost(title="Large", content="x" * 2**20)
    problem(create_user_post.sync_detailed(ada.id, client=client, body=large), 413, "body-too-large")
    problem(list_users.sync_detailed(client=client, email="x" * 2**13), 414, "uri-too-long")
    picky = also_sending({"Accept": "text/html"})
    problem(get_user.sync_detailed(ada.id, client=picky), 406, "not-acceptable")
    compressing = also_sending({"Content-Encoding": "gzip"})
    problem(create_user.sync_detailed(client=compressing, body=blank), 415, "unsupported-content-encoding")
    problem(send("POST", "/users", content="name=Ada"), 415, "unsupported-media-type")
    problem(send("POST", "/users", content="{", headers={"Content-Type": "application/json"}), 400, "malformed-json")
    problem(send("DELETE", "/users"), 405, "method-not-allowed")
    problem(send("GET", "/nowhere"), 404, "unknown-path")
    problem(begin({"Content-Length": "9"}, b"{"), 408, "request-timeout")
    problem(begin({"Transfer-Encoding": "chunked"}, b"nonsense"), 400, "bad-request")
    guarded = create_user.sync(client=strict, body=CreateUser(name="Ada", email=email("strict")))
    problem(delete_user.sync_detailed(guarded.id, client=strict), 428, "precondition-required")
    expect(delete_user.sync_detailed(guarded.id, client=strict, if_match="*"), 204)

    expect(delete_post.sync_detailed(posts[0].id, client=client), 204)
    expect(delete_user.sync_detailed(ada.id, client=client, posts=DeleteUserPosts.DELETE), 204)
    problem(get_user.sync_detailed(ada.id, client=client), 404, "not-found")


def rest():
    """Yields the codes that the tour should have met and did not."""
    for code in set(ProblemCode) - provoked - NOT_PROVOKED:
        page = also_sending({"Accept": "application/json"})
        status = get_problem.sync_detailed(code=code, client=page)
        if json.loads(status.content)["status"] not in NOT_PROVOKED_STATUSES:
            yield str(code)


tour()
missed = sorted(rest())
assert not missed, f"the tour does not meet {missed}"
print("the Python client took the tour")
