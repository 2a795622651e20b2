"""What a client knows and no schema can say, for requests that are meant to be accepted.

Loaded by schemathesis (schemathesis.toml). Requests that are meant to be refused are left as they are generated.
"""

import json
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import schemathesis
from schemathesis import HookContext, Response

from scripts.contract import hooks_events, hooks_items, hooks_jobs, hooks_media, hooks_messages
from scripts.contract.case import Case, operation_of
from scripts.coverage.exchange import Exchange, pairs
from scripts.coverage.record import of_process

Hook = Callable[..., None]
# Both are declared without the types of what they hold.
hook = cast("Callable[[Hook], Hook]", schemathesis.hook)  # pyright: ignore[reportUnknownMemberType]
Deserializer = Callable[[object, Response], object]
deserializer = cast("Callable[..., Callable[[Deserializer], Deserializer]]", schemathesis.deserializer)  # pyright: ignore[reportUnknownMemberType]
Serializer = Callable[[object, object], bytes]
serializer = cast("Callable[[str], Callable[[Serializer], Serializer]]", schemathesis.serializer)  # pyright: ignore[reportUnknownMemberType]

MAX_DEPTH = 10_000
_UNSET = object()
# What the service has said: the newest tag and the cursors, by what they are of; comments with their posts.
_tags: dict[str, str] = {}
_cursors: dict[str, str] = {}
_comments: dict[str, str] = {}
# Categories that take posts, all tags, and the posts that were made meanwhile, in the order in which they were.
_categories: set[str] = set()
_labels: set[str] = set()
_made: dict[str, None] = {}
# Those of them that were published, and what has been done at least once.
_published: dict[str, None] = {}
_done: set[str] = set()
# The account of who calls.
_own: set[str] = set()


@deserializer(
    *("image/*", "video/*", "multipart/byteranges", "text/plain", "text/csv", "text/calendar"),
    *("application/octet-stream", "application/pdf", "application/msword", "application/x-ndjson"),
)
def text_of(_: object, response: Response) -> object:
    """Return bytes as the string that JSON Schema takes them for, a character each, so that their length is checked."""
    return response.content.decode("latin-1")


@serializer("application/x-ndjson")
def lines_of(_: object, value: object) -> bytes:
    """Send lines as they are; what is meant to be no text has the character that no text has."""
    return value.encode() if isinstance(value, str) else b"\x00" + json.dumps(value).encode()


def _list_of(case: Case) -> str:
    """Name a list with its filters: a cursor is good for one of them."""
    filters = {
        name: value for name, value in (case.query or {}).items() if name not in ("cursor", "page", "include_total")
    }
    return f"{case.formatted_path} {sorted(filters.items())}"


def _subject(case: Case) -> str:
    """Name the thing that a request is about."""
    return next(iter((case.path_parameters or {}).values()), case.formatted_path)


def _is_meant_well(case: Case) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


def _headers(case: Case) -> MutableMapping[str, str]:
    return cast("MutableMapping[str, str]", case.headers)  # pyright: ignore[reportUnknownMemberType]


def _condition(case: Case) -> None:
    """An edit names the version it read."""
    headers = _headers(case)
    if "If-Match" not in headers:
        return
    if (case.method, case.formatted_path.rsplit("/", 1)[-1]) == ("DELETE", "me"):
        # Whoever asks would be gone for the rest of the run; that leaving works is the business of the tests.
        headers["If-Match"] = '"999999-00000000"'
    else:
        headers["If-Match"] = _tags.get(str(_subject(case)), "*")


def _intent(case: Case) -> None:
    """A key is made up once per intent; retries with the same key are the business of the tests."""
    headers = _headers(case)
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = f"{headers['Idempotency-Key'][:200]}.{uuid4().hex}"


def _page(case: Case) -> None:
    """A cursor comes from the list itself, and goes with no page number; page numbers reach 10,000 entries deep."""
    query: dict[str, Any] = case.query or {}
    if query.pop("cursor", _UNSET) is not _UNSET and "page" not in query:
        cursor = _cursors.get(_list_of(case))
        if cursor is not None:
            query["cursor"] = cursor
    number, limit = str(query.get("page", "1")), str(query.get("limit", "20"))
    if number.isdigit() and limit.isdigit() and int(number) * int(limit) > MAX_DEPTH:
        del query["page"]


def _parent(case: Case) -> None:
    """An answer is to a comment on the same post."""
    if isinstance(case.body, dict) and case.body.get("parent_id"):
        post_id = str(_subject(case))
        case.body["parent_id"] = next((comment for comment, post in _comments.items() if post == post_id), None)


def _step(case: Case) -> None:
    """A step is taken by a post of one's own that can take it, until all were taken once; what is deleted was made.

    Few of the posts that are there from the beginning fit, and after a while none may be left.
    """
    steps = {"publishPost": _made, "withdrawPost": _published, "archivePost": _published}
    fitting = {"deletePost": _made} | ({} if _done.issuperset(steps) else steps)
    if fit := fitting.get(operation_of(case)):
        case.path_parameters["post_id"] = list(fit)[-1]


def _shelf(case: Case) -> None:
    """A post goes into a category that takes posts."""
    if not isinstance(case.body, dict):
        return
    body = cast("dict[str, Any]", case.body)
    posts = cast("list[object]", body["posts"] if isinstance(body.get("posts"), list) else [body])
    for post in posts:
        if isinstance(post, dict) and cast("dict[str, Any]", post).get("category_id"):
            post["category_id"] = max(_categories, default=None)


def _filed(case: Case) -> None:
    """A walk that comes from what has no category takes one that there is; for all else, an id that nothing has."""
    path = case.path_parameters or {}
    for name in [name for name, value in path.items() if name.endswith("_id") and str(value) in ("None", "null")]:
        path[name] = max(_categories if name == "category_id" else (), default=str(uuid4()))


def _schedule(case: Case) -> None:
    """What is scheduled is for a time to come."""
    if operation_of(case) == "publishPost" and isinstance(case.body, dict) and case.body.get("publish_at"):
        # Schedules reach five years ahead.
        case.body["publish_at"] = f"{datetime.now(UTC) + timedelta(days=365):%Y-%m-%dT%H:%M:%SZ}"


def _merge(case: Case) -> None:
    """A tag is merged into another one that is there; while none is known, it is none itself."""
    if operation_of(case) == "mergeTag" and isinstance(case.body, dict):
        others = _labels - {str(_subject(case))}
        if others:
            case.body["into"] = max(others)
        else:
            case.path_parameters["tag_id"] = str(uuid4())


def _doomed(case: Case) -> None:
    """What is deleted together was made before."""
    if operation_of(case) == "deletePosts" and isinstance(case.body, dict) and _made:
        body = cast("dict[str, Any]", case.body)
        body["ids"] = list(_made)[-max(1, len(body["ids"])) :]


def _key(case: Case) -> None:
    """A key holds scopes of its maker's, and ends in a time to come."""
    if operation_of(case) == "createApiKey" and isinstance(case.body, dict):
        case.body["scopes"] = []
        if case.body.get("expires_at"):
            case.body["expires_at"] = "2999-01-01T00:00:00Z"


def _rank(case: Case) -> None:
    """Who may edit accounts leaves the own one as it is: whoever calls would not be let in any more."""
    if str(_subject(case)) in _own and case.method == "PATCH":
        case.body = {"full_name": "Still here"}


# What is known of the things of a slice is kept beside each other, a module a slice.
SLICES = (hooks_events, hooks_items, hooks_jobs, hooks_media, hooks_messages)
LESSONS = (
    *(lesson for known in SLICES for lesson in known.LESSONS),
    *(_step, _condition, _intent, _page, _parent, _shelf, _filed, _schedule, _merge, _doomed, _key, _rank),
)


@hook
def before_load_schema(_: HookContext, raw_schema: dict[str, Any]) -> None:
    """Name the bearer token of OAuth 2 for what it is on the wire: `ignored_auth` passes over type oauth2."""
    schemes: dict[str, Any] = raw_schema["components"]["securitySchemes"]
    for name, scheme in schemes.items():
        if scheme["type"] == "oauth2":
            schemes[name] = {"type": "http", "scheme": "bearer"}


@hook
def before_call(_: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Let a request that is meant well know what the service has said."""
    if _is_meant_well(case):
        for teach in LESSONS:
            teach(case)
        hooks_media.attach(case, kwargs)


def _count(response: Response) -> None:
    """Count what the exchange has met of the contract, where a run asks for it."""
    record, request = of_process(), response.request
    if record is None:
        return
    # What is sent in pieces is gone by now.
    body = request.body if isinstance(request.body, str | bytes) else b""
    record.note(
        Exchange(
            request.method or "GET",
            request.path_url,
            pairs((name, str(value)) for name, value in request.headers.items()),
            body.encode() if isinstance(body, str) else body,
            response.status_code,
            pairs((name, value) for name, values in response.headers.items() for value in values),
            response.content,
        )
    )


def _forget(case: Case, response: Response) -> None:
    """Forget what has gone or may be another version now."""
    for known in SLICES:
        known.forget(case)
    name = operation_of(case)
    gone = [str(_subject(case))]
    if name == "deletePosts":
        gone = cast("dict[str, list[str]]", case.body)["ids"]
    if case.method == "DELETE" or name in ("deletePosts", "mergeTag"):
        for things in (_comments, _made, _published):
            for key in gone:
                things.pop(key, None)
        _labels.difference_update(gone)
        _categories.difference_update(gone)
    # What is done to a tag is done to all that carries it, which is a new version of each. What has no version of its
    # own, as an image, a category that has gone or a member who leaves, may have made one of something else.
    if case.method != "GET" and ("/tags/" in case.formatted_path or "etag" not in response.headers):
        _tags.clear()


def _note_made(case: Case, document: dict[str, Any]) -> None:
    """Remember posts that were made or published, tags, and which categories take posts."""
    for known in SLICES:
        known.note(case, document)
    name = operation_of(case)
    if name in ("createPost", "createPosts"):
        _made.update(dict.fromkeys(post["id"] for post in document.get("items", [document])))
    if name == "publishPost" and document["status"] == "published":
        _made.pop(document["id"], None)
        _published[document["id"]] = None
    if name in ("withdrawPost", "archivePost"):
        _published.pop(document["id"], None)
    if name in ("createTag", "getTag", "updateTag"):
        _labels.add(document["id"])
    if name == "listTags":
        _labels.update(tag["id"] for tag in document["items"])
    if name in ("createCategory", "getCategory", "updateCategory"):
        (_categories.add if document["is_active"] else _categories.discard)(document["id"])


@hook
def after_call(_: HookContext, case: Case, response: Response) -> None:
    """Count what was said, and remember what the service says."""
    _count(response)
    if not 200 <= response.status_code < 300:  # noqa: PLR2004 - Successes.
        return
    _done.add(operation_of(case))
    _forget(case, response)
    if not response.headers.get("content-type", [""])[0].startswith("application/json"):
        return
    if "idempotent-replayed" in response.headers:
        # It says what was once true.
        return
    document = response.json()
    for tag in response.headers.get("etag", ()):
        _tags[document.get("id", "")] = _tags[case.formatted_path] = tag
    if case.formatted_path.endswith("/users/me"):
        _own.add(document["id"])
    if "post_id" in document and "/comments" in case.formatted_path:
        _comments[document["id"]] = document["post_id"]
    _note_made(case, document)
    if document.get("page", {}).get("next_cursor"):
        _cursors[_list_of(case)] = document["page"]["next_cursor"]
