"""Members who create, delete, restore, merge and leave, all at the same time and in an order that chance makes."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from httpx2 import Response

from tests.committed import Committed, at_once
from tests.factories import Member
from tests.factory_media import PIXEL

ROUNDS, AT_ONCE = 40, 8
FIRST_FAILURE = 400
NAMES = ("looms", "cards", "engines", "weaving", "numbers")
ANY = {"If-Match": "*"}
CONDITIONAL = {"merge", "restoration", "approval", "rejection"}
PATCH = ANY | {"Content-Type": "application/merge-patch+json"}
IMAGE = {"files": ("pixel.png", PIXEL)}
# What may come of it when somebody else was at the same thing first, or whoever asks has left.
EXPECTED = {200, 201, 204, 401, 403, 404, 409, 422}


class Mix:
    """What there is, or was until a moment ago, and what is done to it."""

    def __init__(self, committed: Committed, seed: int) -> None:
        self.committed = committed
        self.dice = random.Random(seed)  # noqa: S311 - Dice that fall the same way each time.
        self.members: list[Member] = []
        self.admin: Member
        self.known: dict[str, list[str]] = {
            name: []
            for name in (
                *("posts", "items", "images", "comments", "tags", "categories", "api-keys", "events", "rooms"),
                *("messages", "media"),
            )
        }
        # Who has written a post, and the path of what a comment is a comment on.
        self.authors: dict[str, Member] = {}
        self.places: dict[str, str] = {}
        self.seen: Counter[tuple[str, int]] = Counter()

    async def begin(self) -> None:
        """Let members come, and give them something to begin with."""
        self.admin = await self.committed.make.member("admin")
        self.members = [await self.committed.make.member("user") for _ in range(24)]
        for _ in range(4):
            await self.do("create a category")
            await self.do("create posts")
        await self.look()

    async def look(self) -> None:
        """Learn which tags there are: posts bring most of them."""
        rows = await self.committed.connection.fetch("SELECT id::text FROM tags ORDER BY id")
        self.known["tags"] = [row["id"] for row in rows]

    def one(self, kind: str) -> str:
        """Return the id of something that was made a while ago, or of nothing while there is none."""
        return self.dice.choice(self.known[kind][-12:] or ["01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"])

    def name(self) -> str:
        """Return the name of a tag that there may be."""
        return f"{self.dice.choice(NAMES)}-{self.dice.randrange(8)}"

    def draft(self) -> dict[str, Any]:
        """Return a new post; some stand in a category."""
        category = self.one("categories") if self.known["categories"] and self.dice.random() < 0.5 else None
        tags = [self.name(), self.name()]
        content = f"Algebraical patterns, {self.dice.random()}."
        return {"title": "The engine weaves", "content": content, "tags": tags, "category_id": category}

    def offer(self) -> dict[str, Any]:
        """Return a new item; some stand in a category."""
        filed = self.draft()
        return {"title": filed["title"], "price": "19.99", "tags": filed["tags"], "category_id": filed["category_id"]}

    async def do(self, what: str) -> Response:
        """Do one thing, and keep in mind what it made."""
        method, path, body, by = ACTS[what](self)
        conditional = method == "DELETE" or path.rpartition("/")[2] in CONDITIONAL
        headers = by.headers | (PATCH if method == "PATCH" else ANY if conditional else {})
        sent: dict[str, Any] = {"files": body} if body is IMAGE else {"json": body}
        answer = await self.committed.client.request(method, f"/{path}", headers=headers, **sent)
        self.seen[what, answer.status_code] += 1
        if answer.status_code == 201:
            made = answer.json()
            ids = [entry["id"] for entry in made.get("items", [made])]
            self.known["posts" if path == "posts/bulk" else path.rpartition("/")[2]] += ids
            self.authors |= dict.fromkeys(ids, by)
            self.places |= dict.fromkeys(ids, path)
        if method == "DELETE" and answer.status_code == 204:
            kind, _, gone = path.partition("/")
            self.known[kind] = [entry for entry in self.known.get(kind, []) if entry != gone]
        if what == "leave" and answer.status_code == 204:
            self.members.remove(by)
        return answer

    async def go_on(self) -> None:
        """Let them all do things for a while."""
        weights = [OFTEN.get(what, 1) for what in ACTS]
        for _ in range(ROUNDS):
            acts = self.dice.choices(list(ACTS), weights, k=AT_ONCE)
            await at_once(self.do(what) for what in acts if what != "leave" or len(self.members) > AT_ONCE)
            await self.look()
        # What somebody else was always quicker with is done when nobody is in the way.
        for _ in range(ROUNDS):
            missing = sorted(ACTS.keys() - self.done)
            for what in [*BEGINNINGS, *missing] if missing else []:
                await self.do(what)
            await self.look()

    @property
    def done(self) -> set[str]:
        """What was done at least once, and not refused every time."""
        return {what for what, status in self.seen if status < FIRST_FAILURE}


# What the rest needs.
OFTEN = {"open a room": 2, "say": 3, "publish": 6, "comment": 5, "create a tag": 3, "like": 2, "restore": 2}
# What the others need, and may have been deleted by now.
BEGINNINGS = ("upload", "publish", "comment", "create an event", "open a room")
Act = tuple[str, str, dict[str, Any] | None, Member]


def _someone(mix: Mix) -> Member:
    return mix.dice.choice(mix.members)


def _later() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


def _of(kind: str, method: str, below: str = "", body: dict[str, Any] | None = None) -> Callable[[Mix], Act]:
    """Return what an administrator does to something of this kind, who may do all that any member may."""
    return lambda mix: (method, f"{kind}/{mix.one(kind)}{below}", body, mix.admin)


def _by_author(
    method: str,
    below: str | Callable[[Mix], str],
    body: Callable[[Mix], Any] = lambda _: None,
    *,
    kind: str = "posts",
) -> Callable[[Mix], Act]:
    """Return what the author of a post, or of another kind of thing, does to it."""

    def act(mix: Mix) -> Act:
        thing = mix.one(kind)
        after = below if isinstance(below, str) else below(mix)
        return method, f"{kind}/{thing}{after}", body(mix), mix.authors.get(thing, mix.admin)

    return act


def _reply(mix: Mix) -> tuple[str, dict[str, Any], Member]:
    """Answer a message where it was said, as who said it."""
    said = mix.one("messages")
    place = mix.places.get(said, f"rooms/{mix.one('rooms')}/messages")
    return place, {"content": "Yes.", "reply_to": said}, mix.authors.get(said, mix.admin)


def _answer(mix: Mix) -> Act:
    parent = mix.one("comments")
    place = mix.places.get(parent, f"posts/{mix.one('posts')}/comments")
    return "POST", place, {"content": f"Yes, @{mix.admin.username}.", "parent_id": parent}, _someone(mix)


def _event(mix: Mix) -> Act:
    ends = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    draft = {"title": "An evening", "description": "We weave patterns.", "starts_at": _later(), "ends_at": ends}
    return "POST", "events", draft | {"max_participants": 3}, _someone(mix)


def _illustrated(mix: Mix) -> Act:
    """Write a post with an image above it, as whose image it is."""
    image = mix.one("media")
    return "POST", "posts", mix.draft() | {"featured_image_id": image}, mix.authors.get(image, mix.admin)


def _batch(mix: Mix) -> Act:
    return "POST", "posts/bulk", {"posts": [mix.draft() for _ in range(3)]}, _someone(mix)


ACTS: dict[str, Callable[[Mix], Act]] = {
    "create a post": lambda mix: ("POST", "posts", mix.draft(), _someone(mix)),
    "create posts": _batch,
    "edit": _by_author("PATCH", "", Mix.draft),
    "restore": _by_author("PUT", "/revisions/1/restoration"),
    "publish": _by_author("PUT", "/publication", lambda _: {}),
    "schedule": _by_author("PUT", "/publication", lambda _: {"publish_at": _later()}),
    "withdraw": _by_author("DELETE", "/publication"),
    "delete a post": _of("posts", "DELETE"),
    "delete posts": lambda mix: ("POST", "posts/bulk-delete", {"ids": [mix.one("posts")]}, mix.admin),
    "like a post": lambda mix: ("PUT", f"posts/{mix.one('posts')}/like", None, _someone(mix)),
    "offer an item": lambda mix: ("POST", "items", mix.offer(), _someone(mix)),
    "edit an item": _by_author("PATCH", "", Mix.offer, kind="items"),
    "bring an image": _by_author("POST", "/images", lambda _: IMAGE, kind="items"),
    "upload": lambda mix: ("POST", "media", IMAGE, _someone(mix)),
    "illustrate": _illustrated,
    "delete a medium": _by_author("DELETE", "", kind="media"),
    "delete an item": _of("items", "DELETE"),
    "comment": lambda mix: ("POST", f"posts/{mix.one('posts')}/comments", {"content": "Looms, yes."}, _someone(mix)),
    "answer": _answer,
    "like": lambda mix: ("PUT", f"comments/{mix.one('comments')}/like", None, _someone(mix)),
    "report": lambda mix: ("PUT", f"comments/{mix.one('comments')}/report", {"reason": "spam"}, _someone(mix)),
    "reject": _of("comments", "PUT", "/rejection"),
    "approve": _of("comments", "PUT", "/approval"),
    "delete a comment": _of("comments", "DELETE"),
    "read all": lambda mix: ("PUT", "notifications/read", None, _someone(mix)),
    "create a tag": lambda mix: ("POST", "tags", {"name": mix.name()}, mix.admin),
    "rename a tag": lambda mix: ("PATCH", f"tags/{mix.one('tags')}", {"name": mix.name()}, mix.admin),
    "merge tags": lambda mix: ("PUT", f"tags/{mix.one('tags')}/merge", {"into": mix.one("tags")}, mix.admin),
    "delete a tag": _of("tags", "DELETE"),
    "create a category": lambda mix: (
        "POST",
        "categories",
        {"name": f"On {mix.dice.random()}", "parent_id": mix.dice.choice([None, *mix.known["categories"][-3:]])},
        mix.admin,
    ),
    "move a category": lambda mix: (
        "PATCH",
        f"categories/{mix.one('categories')}",
        {"parent_id": mix.dice.choice([None, mix.one("categories")])},
        mix.admin,
    ),
    "delete a category": _of("categories", "DELETE"),
    "create an event": _event,
    "attend": lambda mix: ("PUT", f"events/{mix.one('events')}/attendance", None, _someone(mix)),
    "cancel": lambda mix: ("DELETE", f"events/{mix.one('events')}/attendance", None, _someone(mix)),
    "delete an event": _of("events", "DELETE"),
    "open a room": lambda mix: ("POST", "rooms", {"name": mix.name(), "visibility": "public"}, _someone(mix)),
    "join a room": lambda mix: ("PUT", f"rooms/{mix.one('rooms')}/membership", None, _someone(mix)),
    "leave a room": lambda mix: ("DELETE", f"rooms/{mix.one('rooms')}/membership", None, _someone(mix)),
    "invite": _by_author("PUT", lambda mix: f"/invitations/{_someone(mix).username}", kind="rooms"),
    "say": _by_author("POST", "/messages", lambda _: {"content": "Looms, yes."}, kind="rooms"),
    "reply": lambda mix: ("POST", *_reply(mix)),
    "delete a message": _by_author("DELETE", "", kind="messages"),
    "delete a room": _by_author("DELETE", "", kind="rooms"),
    "make a key": lambda mix: ("POST", "auth/api-keys", {"name": "Backup", "scopes": ["posts:write"]}, _someone(mix)),
    "leave": lambda mix: ("DELETE", "users/me", None, _someone(mix)),
}
