"""What schemathesis cannot know.

Without any hook, on SQLite where nobody is asked (examples and coverage), it finds
24 requests that follow the document and are refused, and nothing else. They are of
three kinds: an `Idempotency-Key` that was sent before (the state of the data), a
filter without the sort that it goes with (a relation between two parameters), and
`If-Match: 0` (its own). Cursors, tags of rows and names in a batch are state as well:
there it finds nothing, but sees little beyond a refusal.
"""

import os
import re
import uuid
import zlib

import requests
import schemathesis

NEXT = re.compile(r'<[^>]*[?&]cursor=([A-Za-z0-9_-]+)[^>]*>; rel="next"')
TAGS = ("If-Match", "If-None-Match")


def is_meant_well(case):
    """Whether every part of the case follows the schema. Other cases stay as
    they are: they must be refused."""
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook("before_call")
def sort_by_what_is_filtered(context, case, kwargs):
    """A filter on a key goes with the sort on that key, which a schema cannot
    say: the first filter chooses the sort, those on other keys are left out."""
    keys = [name.split(".")[0] for name in case.query or {} if "." in name]
    if keys and is_meant_well(case):
        for name in [name for name in case.query if "." in name]:
            if name.split(".")[0] != keys[0]:
                del case.query[name]
        if str(case.query.get("sort", "")).lstrip("-") != keys[0]:
            case.query["sort"] = keys[0]


@schemathesis.hook("before_call")
def use_a_real_cursor(context, case, kwargs):
    """A cursor is made by the service: one of the same list takes the place of
    a made-up one."""
    if case.query and "cursor" in case.query and is_meant_well(case):
        del case.query["cursor"]
        url = case.as_transport_kwargs(kwargs.get("base_url"))["url"]
        key = os.environ.get("JUDGE_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        page = requests.get(url, params={**case.query, "limit": 1}, headers=headers, timeout=10)
        cursor = NEXT.search(page.headers.get("Link", ""))
        if cursor:
            case.query["cursor"] = cursor.group(1)


@schemathesis.hook("before_call")
def quote_the_tag(context, case, kwargs):
    """The coverage phase of schemathesis 4.32 takes its own value of the wrong
    type, the number 0, for a good entity tag, whatever the schema says."""
    for name in TAGS:
        if is_meant_well(case) and (case.headers or {}).get(name) == "0":
            case.headers[name] = '"0"'


@schemathesis.hook("before_call")
def let_most_changes_pass(context, case, kwargs):
    """A made-up tag is hardly ever that of the row. Three of four conditional
    requests ask for any version, so that there is something to see behind 412."""
    conditions = [case.headers[name] for name in TAGS if name in (case.headers or {})]
    conditional = conditions and ("If-Match" in case.headers or case.method != "GET")
    if conditional and is_meant_well(case) and zlib.crc32("".join(conditions).encode()) % 4:
        case.headers.pop("If-None-Match", None)
        case.headers["If-Match"] = "*"


@schemathesis.hook("before_call")
def use_each_key_once(context, case, kwargs):
    """A key that was sent before, with another request, is refused (422): no
    schema can say so. Each request that is meant well gets a key of its own."""
    if is_meant_well(case) and "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


@schemathesis.hook("before_call")
def refer_to_nothing(context, case, kwargs):
    """A `$ref` means a `ref` further ahead in the same batch, which a schema
    cannot say: an id takes its place, and names are left out."""
    if case.path == "/batch" and is_meant_well(case) and isinstance(case.body, dict):
        for operation in case.body.get("operations", []):
            operation.pop("ref", None)
            if isinstance(operation.get("data", {}).get("user_id"), dict):
                operation["data"]["user_id"] = 1
