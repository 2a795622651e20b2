"""The rows of the demo publication, tied together so that every counter is true before anything is written."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from app.posts.text import excerpt_of, slug_of
from scripts.demo.events import events
from scripts.demo.items import offer_items
from scripts.demo.people import PEOPLE
from scripts.demo.prose import articles, remark
from scripts.demo.rooms import add_rooms
from scripts.demo.subjects import TAGS

SEED = 1843
POSTS, DRAFTS, ARCHIVED, FEATURED, COMMENTS, TOMBSTONES = 200, 10, 6, 8, 1_000, 15
MAX_DEPTH = 5
# How old the publication is; its posts come at irregular intervals since then.
AGE = timedelta(days=420)

Row = dict[str, Any]


@dataclass
class Publication:
    """Rows by table, in an order in which they can be written."""

    now: datetime
    chance: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 - The same publication every time.
    users: list[Row] = field(default_factory=list[Row])
    tags: list[Row] = field(default_factory=list[Row])
    posts: list[Row] = field(default_factory=list[Row])
    post_slugs: list[Row] = field(default_factory=list[Row])
    post_likes: list[Row] = field(default_factory=list[Row])
    comments: list[Row] = field(default_factory=list[Row])
    comment_likes: list[Row] = field(default_factory=list[Row])
    events: list[Row] = field(default_factory=list[Row])
    event_attendances: list[Row] = field(default_factory=list[Row])
    items: list[Row] = field(default_factory=list[Row])
    rooms: list[Row] = field(default_factory=list[Row])
    room_members: list[Row] = field(default_factory=list[Row])
    messages: list[Row] = field(default_factory=list[Row])
    # What each post is about, for the talk below it.
    subjects: dict[UUID, str] = field(default_factory=dict[UUID, str])

    def id_at(self, moment: datetime, chance: Random | None = None) -> UUID:
        """Return a UUIDv7 (RFC 9562, section 5.7) of that moment, so that ids sort as the rows came."""
        chance = chance or self.chance
        milliseconds = int(moment.timestamp() * 1000)
        bits = milliseconds << 80 | 7 << 76 | chance.getrandbits(12) << 64
        return UUID(int=bits | 0b10 << 62 | chance.getrandbits(62))

    def between(self, first: datetime, last: datetime) -> datetime:
        """Return a moment between two others, nearer to the first: most of what happens, happens soon."""
        return first + (last - first) * self.chance.random() ** 4


def publication(now: datetime, password_hash: str) -> Publication:
    """Return a whole publication as it would stand at `now`; all its members have the same password."""
    rows = Publication(now)
    _members(rows, password_hash)
    _posts(rows)
    _comments(rows)
    _bury_some(rows)
    _likes(rows)
    _count(rows)
    # With chances of their own, which change nothing of the rest.
    apart = Publication(now, Random(SEED + 1))  # noqa: S311 - The same events every time.
    rows.events, rows.event_attendances = events(rows.users, now, apart.id_at, apart.chance)
    offer_items(rows)
    add_rooms(rows)
    return rows


def _members(rows: Publication, password_hash: str) -> None:
    for number, person in enumerate(PEOPLE):
        joined = rows.now - AGE - timedelta(days=30) + timedelta(days=number, minutes=7 * number)
        rows.users.append(
            {
                "id": rows.id_at(joined),
                "username": person.username,
                "email": f"{person.username}@galley.example",
                "password_hash": password_hash,
                "full_name": person.full_name,
                "bio": person.bio,
                "website": person.website,
                "role": person.role,
                "email_verified": True,
                "post_count": 0,
                "created_at": joined,
                "updated_at": joined,
            }
        )
    for name, (color, description) in TAGS.items():
        made = rows.now - AGE
        tag = {"id": rows.id_at(made), "name": name, "color": color, "description": description, "post_count": 0}
        rows.tags.append(tag | {"created_at": made, "updated_at": made})


def _posts(rows: Publication) -> None:
    # Some of the first have been taken down, and among the last are some that are still being written.
    statuses = ["archived"] * ARCHIVED + ["published"] * (POSTS - ARCHIVED)
    for number in rows.chance.sample(range(POSTS - 4 * DRAFTS, POSTS - 1), DRAFTS):
        statuses[number] = "draft"
    # Some write every week and some once; nobody remembers why.
    weights = [rows.chance.uniform(0.2, 1) ** 2 for _ in rows.users]
    for number, (article, status) in enumerate(zip(articles(rows.chance), statuses, strict=True)):
        age = AGE * (1 - (number + rows.chance.random()) / POSTS)
        written = rows.now - max(age, timedelta(hours=2))
        published = min(written + timedelta(hours=rows.chance.uniform(0.5, 30)), rows.now - timedelta(hours=1))
        post_id = rows.id_at(written)
        rows.subjects[post_id] = article.subject
        rows.posts.append(
            {
                "id": post_id,
                "author_id": rows.chance.choices(rows.users, weights)[0]["id"],
                "title": article.title,
                "slug": slug_of(article.title),
                "content": article.content,
                "excerpt": None if status == "draft" else excerpt_of(article.content),
                "status": status,
                "featured": False,
                "tags": article.tags,
                "views": 0 if status == "draft" else int(40 + rows.chance.paretovariate(1.2) * 60),
                "likes": 0,
                "comment_count": 0,
                "version": {"draft": 1, "published": 2, "archived": 3}[status],
                "published_at": None if status == "draft" else published,
                "created_at": written,
                "updated_at": written if status == "draft" else published,
            }
        )
        rows.post_slugs.append({"slug": slug_of(article.title), "post_id": post_id})
    for post in rows.chance.sample([post for post in rows.posts if post["status"] == "published"], FEATURED):
        post["featured"] = True


def _comments(rows: Publication) -> None:
    shown = [post for post in rows.posts if post["status"] == "published"]
    weights = [rows.chance.random() ** 3 for _ in shown]
    for post in rows.chance.choices(shown, weights, k=COMMENTS):
        thread = [comment for comment in rows.comments if comment["post_id"] == post["id"]]
        parent = rows.chance.choice(thread) if thread and rows.chance.random() < 0.6 else None  # noqa: PLR2004 - Most answer.
        rows.comments.append(_comment(rows, post, parent))
    rows.comments.sort(key=lambda comment: comment["created_at"])


def _comment(rows: Publication, post: Row, parent: Row | None) -> Row:
    said = rows.between(parent["created_at"] if parent else post["published_at"], rows.now)
    comment_id = rows.id_at(said)
    last_author = parent["author_id"] if parent else None
    author = rows.chance.choice([user for user in rows.users if user["id"] != last_author])
    place = {"parent_id": None, "root_id": comment_id, "depth": 1}
    if parent is not None:
        # An answer to the deepest level stands beside what it answers.
        deepest = parent["depth"] == MAX_DEPTH
        place["parent_id"] = parent["parent_id"] if deepest else parent["id"]
        place |= {"root_id": parent["root_id"], "depth": min(parent["depth"] + 1, MAX_DEPTH)}
    return place | {
        "id": comment_id,
        "post_id": post["id"],
        "author_id": author["id"],
        "content": remark(rows.chance, rows.subjects[post["id"]], answer=parent is not None),
        "likes": 0,
        "version": 1,
        "deleted_at": None,
        "created_at": said,
        "updated_at": said,
    }


def _bury_some(rows: Publication) -> None:
    """Delete some comments that have answers, no two of them neighbours: each tombstone holds something living."""
    by_id = {comment["id"]: comment for comment in rows.comments}
    answered = {comment["parent_id"] for comment in rows.comments} - {None}
    buried = 0
    for comment in rows.chance.sample(rows.comments, len(rows.comments)):
        parent = by_id.get(comment["parent_id"])
        children = [other for other in rows.comments if other["parent_id"] == comment["id"]]
        neighbours = [*children, *([parent] if parent else [])]
        if comment["id"] in answered and not any(other["deleted_at"] for other in neighbours):
            gone = rows.between(max(child["created_at"] for child in children), rows.now)
            comment |= {"content": "", "version": 2, "deleted_at": gone, "updated_at": gone}
            buried += 1
        if buried == TOMBSTONES:
            return


def _likes(rows: Publication) -> None:
    for post in rows.posts:
        if post["status"] != "draft":
            for user in rows.chance.sample(rows.users, int(len(rows.users) * rows.chance.random() ** 2)):
                moment = rows.between(post["published_at"], rows.now)
                rows.post_likes.append({"post_id": post["id"], "user_id": user["id"], "created_at": moment})
    for comment in rows.comments:
        if comment["deleted_at"] is None:
            for user in rows.chance.sample(rows.users, int(6 * rows.chance.random() ** 4)):
                moment = rows.between(comment["created_at"], rows.now)
                like = {"comment_id": comment["id"], "user_id": user["id"], "created_at": moment}
                rows.comment_likes.append(like)


def _count(rows: Publication) -> None:
    liked = Counter(like["post_id"] for like in rows.post_likes)
    talked = Counter(comment["post_id"] for comment in rows.comments if comment["deleted_at"] is None)
    cheered = Counter(like["comment_id"] for like in rows.comment_likes)
    shown = [post for post in rows.posts if post["status"] == "published"]
    written = Counter(post["author_id"] for post in shown)
    tagged = Counter(name for post in shown for name in post["tags"])
    for post in rows.posts:
        post["likes"], post["comment_count"] = liked[post["id"]], talked[post["id"]]
    for comment in rows.comments:
        comment["likes"] = cheered[comment["id"]]
    for user in rows.users:
        user["post_count"] = written[user["id"]]
    for tag in rows.tags:
        tag["post_count"] = tagged[tag["name"]]
