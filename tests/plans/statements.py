"""The statements that many requests wait for, with values as a request would bring them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app import sitemap
from app.categories import filing
from app.categories import service as categories
from app.comments import moderation, places
from app.comments import queries as comments
from app.comments import service as comment_service
from app.comments.queries import View
from app.media import files
from app.media import queries as media
from app.media import service as media_service
from app.messages import people, rooms, unread
from app.messages import service as messages
from app.pages import Shape
from app.posts import history, revisions, steps
from app.posts import queries as posts
from app.posts import search as post_search
from app.posts import service as post_service
from app.posts.tables import Post
from app.search import service as search
from app.sql import Statement
from app.statistics import service as statistics
from app.tags import merging
from app.tags import service as tags
from app.words import service as words
from generated.models import (
    CategorySort,
    CommentLayout,
    CommentStatus,
    MediaSort,
    MessageSort,
    PostSort,
    PostStatus,
    RoomSort,
    SearchType,
    TagSort,
)
from tests.plans import events, items, notifications

# pyright: reportPrivateUsage=false
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
POST, COMMENT, MEMBER, ROOM = (UUID(int=number) for number in (5_000, 70_000, 7, 7))
FIRST = Shape(after=False, backwards=False, offset=False, usual=True)
NEXT = Shape(after=True, backwards=False, offset=False, usual=True)
Given = tuple[str, Statement, dict[str, Any]]


def _shapes(key: Any) -> Iterator[tuple[str, Shape, dict[str, Any]]]:
    yield "first", FIRST, {}
    yield "next", NEXT, {"key": key, "key_id": POST}


def _posts() -> Iterator[Given]:
    filters: dict[str, Any] = {"author": "member_7", "tag": "tag-7", "category": "category-7", "featured": True}
    filters |= {"published_after": MOMENT, "published_before": MOMENT + timedelta(days=1)}
    for sort in PostSort:
        key = "Title 5000" if "title" in sort.value else MOMENT
        for name, shape, values in _shapes(key):
            yield (
                f"posts {sort.value} {name}",
                posts.listing(sort, PostStatus.published, frozenset[str](), shape),
                values,
            )
    order = PostSort.published_at_desc
    for name, value in filters.items():
        statement = posts.listing(order, PostStatus.published, frozenset({name}), NEXT)
        yield f"posts by {name}", statement, {name: value, "key": MOMENT, "key_id": POST}
    yield "posts drafts", posts.listing(order, PostStatus.draft, frozenset[str](), FIRST), {}
    own = posts.listing(order, PostStatus.draft, frozenset({"viewer"}), FIRST)
    yield "posts own drafts", own, {"viewer": MEMBER}
    yield "posts get", post_service._GET, {"id": POST}
    yield "posts get by slug", post_service._GET_BY_SLUG, {"slug": "slug-5000"}
    yield "posts due", steps._DUE, {}
    for name, shape, values in _shapes(3):
        yield f"revisions {name}", revisions._listing(shape), values | {"post_id": POST}
    yield "revisions get", revisions._GET, {"post_id": POST, "number": 2}
    yield "revisions keep", history._KEEP, {"post_id": POST, "editor_id": MEMBER, "restored_from": None}
    yield "revisions keep first", history._KEEP_FIRST, {"post_id": POST}
    yield "sitemap beginnings", sitemap._BEGINNINGS, {"size": 5_000}
    part = {"first": POST, "end": UUID(int=10_000)}
    yield "sitemap edition", sitemap._EDITION, part
    yield "sitemap part", sitemap._PART, part | {"size": 5_000}
    yield "posts lock", post_service._LOCK, {"id": POST}
    yield "posts like", post_service._LIKE, {"post_id": POST, "user_id": MEMBER}
    yield "posts unlike", post_service._UNLIKE, {"post_id": POST, "user_id": MEMBER}
    yield "posts count likes", post_service._COUNT_LIKES, {"post_id": POST, "step": 1}


def _comments() -> Iterator[Given]:
    viewers: dict[View, dict[str, Any]] = {View.member: {"viewer": MEMBER}}
    for view in View:
        viewer = viewers.get(view, {})
        for layout in CommentLayout:
            for name, shape, values in _shapes(MOMENT):
                listing = comments.listing(layout, view, shape, descending=True)
                yield f"comments {layout.value} {view.name} {name}", listing, values | viewer | {"post_id": POST}
        yield f"comments get {view.name}", comment_service._get(view), {"id": COMMENT} | viewer
        yield f"comments lock {view.name}", comment_service._lock(view), {"id": COMMENT} | viewer
    new: dict[str, Any] = {"comment_id": UUID(int=9), "post_id": POST, "member_id": MEMBER, "text": "A loom."}
    new["ids"] = notifications.IDS
    yield "comments create", comments.creating("none", answer=False, mentions=False), new
    answer = comments.creating("first", answer=True, mentions=True)
    yield "comments answer", answer, new | {"parent_id": COMMENT, "names": ["member_7", "member_8"]}
    for name in ("LOCK_POST", "FADE", "APPEAR", "REMOVE"):
        yield f"comments {name.lower().replace('_', ' ')}", getattr(places, name), {"id": COMMENT}
    yield "comments bury", places.BURY, {"comment_id": COMMENT}
    yield "comments is answered", places.IS_ANSWERED, {"comment_id": COMMENT}
    yield "comments count", places.COUNT, {"post_id": POST, "step": 1}
    yield "comments like", comment_service._LIKE, {"comment_id": COMMENT, "user_id": MEMBER}
    yield "comments count likes", comment_service._COUNT_LIKES, {"comment_id": COMMENT, "step": 1}
    for status in (None, *CommentStatus):
        queue = moderation._listing(moderation.Filters(status), NEXT, descending=False)
        yield f"queue {status and status.value}", queue, {"key": MOMENT, "key_id": COMMENT}
    yield "queue reports", moderation._REPORTS, {"ids": [COMMENT, UUID(int=70_003)]}


def _tags() -> Iterator[Given]:
    for sort in TagSort:
        key = 7 if "count" in sort.value else "tag-7"
        for name, shape, values in _shapes(key):
            yield f"tags {sort.value} {name}", tags._listing(sort, shape), values
    yield "tags get", tags._GET, {"id": UUID(int=7)}
    yield "tags count posts", tags._counting("post_count"), {"names": ["tag-7", "tag-8"], "steps": [1, -1]}
    for carrier, (rename, remove) in zip(tags.carriers(), tags._rewriting(), strict=True):
        kind = "" if carrier is Post else " in items"
        yield f"tags rename{kind}", rename, {"old": "tag-7", "new": "tag-x"}
        yield f"tags take off{kind}", remove, {"old": "tag-7"}
        yield f"tags merge{kind}", merging._merging()[carrier.counter], {"old": "tag-7", "new": "tag-8"}


def _categories() -> Iterator[Given]:
    keys = {CategorySort.by_place: "category-7", CategorySort.by_name: "Category 7", CategorySort.by_post_count_desc: 7}
    for sort, key in keys.items():
        for name, shape, values in _shapes(key):
            yield f"categories {sort.value} {name}", categories._listing(sort, frozenset[str](), shape), values
    yield "categories count posts", filing._counting("post_count"), {"category_id": POST, "step": 1}
    for carrier, leave in zip(categories.carriers(), categories._leaving(), strict=True):
        kind = "" if carrier is Post else " in items"
        yield f"categories leave{kind}", leave, {"category_id": UUID(int=7)}


def _search() -> Iterator[Given]:
    by: dict[str, dict[str, Any]] = {"": {}, " by tag": {"tag": "tag-7"}, " by author": {"author": "member_7"}}
    by |= {" by category": {"category": "category-7"}}
    for name, filters in by.items():
        statement = post_search._statement(frozenset(filters), FIRST)
        for kind, word in (("common", "loom"), ("rare", "word7777")):
            yield f"search {kind} word{name}", statement, filters | {"q": word}
    for kind in (None, *SearchType):
        names = {} if kind is SearchType.post else {"names": ["member_777", "tag-777"]}
        yield f"search everything {kind and kind.value}", search._listing(kind, FIRST), {"q": "word7777"} | names
    yield "search nearest words", words._NEAREST, {"words": ["wrod7777", "lomm"]}
    new = {"first_id": UUID(int=149_900)}
    yield "growth comments", statistics._GROWTH["comments"]._matching, new
    yield "growth members", statistics._GROWTH["members"]._matching, {"first_id": UUID(int=7_990)}
    yield "growth posts", statistics._GROWTH["posts"]._matching, {"since": MOMENT + timedelta(days=800)}
    for name in ("pending_comments", "reported_comments", "unpublished_posts", "failed"):
        yield f"figure {name}", statistics._COUNTS[name]._matching, {}


def _rooms() -> Iterator[Given]:
    keys = {RoomSort.created_at_desc: MOMENT, RoomSort.by_name: "Room 7"}
    viewer = {"viewer": MEMBER}
    for sort, key in keys.items():
        for name, shape, values in _shapes(key):
            for mine in (None, True, False):
                listing = rooms.listing(sort, rooms.Filters(mine), shape)
                yield f"rooms {sort.value} mine {mine} {name}", listing, values | viewer
    named = rooms.listing(RoomSort.created_at_desc, rooms.Filters(named=True), FIRST)
    yield "rooms named", named, viewer | {"q": "%room 77%"}
    room = {"room_id": ROOM}
    yield "rooms get", rooms._GET, room | viewer
    yield "rooms seen", rooms.SEEN, room | viewer
    yield "rooms lock", rooms.LOCK, room
    yield "rooms inside", rooms.INSIDE, room | {"user_id": MEMBER}
    yield "rooms owned", rooms._OWNED, {"user_id": MEMBER}
    yield "rooms heir", people._HEIR, room
    for name, shape, values in _shapes(MOMENT):
        yield f"room members {name}", people.listing_members(shape), values | room
        yield f"room invitations {name}", people.listing_invitations(shape, mine=False), values | room
        yield f"my invitations {name}", people.listing_invitations(shape, mine=True), values | {"user_id": MEMBER}
    for sort in MessageSort:
        for name, shape, values in _shapes(3):
            bound = {key: value for key, value in values.items() if key != "key_id"} | room | viewer
            yield f"messages {sort.value} {name}", messages.listing(sort, shape, after=False), bound
    since = messages.listing(MessageSort.by_number, FIRST, after=True)
    yield "messages after", since, room | viewer | {"after": 20}
    new: dict[str, Any] = {"id": UUID(int=9), "author_id": MEMBER, "content": "A loom."} | room
    yield "messages create", messages.creating(answer=False), new
    yield "messages answer", messages.creating(answer=True), new | {"reply_to": UUID(int=70_000)}
    yield "messages get", messages._GET, {"message_id": UUID(int=70_000)} | viewer
    yield "messages lock", messages._LOCK, {"message_id": UUID(int=70_000)} | viewer
    yield "messages read", unread._READ_TO, room | {"user_id": MEMBER, "number": 7}
    yield "messages read all", unread._READ_ALL, room | {"user_id": MEMBER}
    yield "messages unread", unread._TOTALS, viewer


def _media() -> Iterator[Given]:
    for sort in MediaSort:
        for name, shape, values in _shapes(MOMENT):
            listing = media.listing(frozenset[str](), shape, descending=sort is MediaSort.created_at_desc)
            yield f"media {sort.value} {name}", listing, values | {"owner_id": MEMBER}
    yield "media get", media.one(), {"id": UUID(int=7)}
    yield "media content", media.content(of_variant=False), {"media_id": UUID(int=7)}
    both = {"media_id": UUID(int=7), "variant_id": UUID(int=8)}
    yield "media variant", media.content(of_variant=True), both
    yield "media give", files._GIVE, {"ids": [UUID(int=7)], "media": UUID(int=7)}
    for thing, (lock, take_off) in zip(("items", "posts", "members"), media_service.uses(), strict=True):
        yield f"media uses lock {thing}", lock, {"media": UUID(int=9_000)}
        yield f"media uses off {thing}", take_off, {"media": UUID(int=9_000)}
    yield "media own", media_service._OWN, {"ids": [UUID(int=7)], "owner_id": MEMBER}
    yield "media nobody's", files._EXPIRED, {}
    yield "media take room", files._TAKE_ROOM, {"owner": MEMBER, "more": 1, "room": 2}


def statements() -> Iterator[Given]:
    """Yield each with its name and the values of its parameters."""
    yield from _posts()
    yield from _comments()
    yield from _tags()
    yield from _categories()
    yield from _search()
    yield from items.statements(_shapes, FIRST, NEXT)
    yield from events.given()
    yield from notifications.statements()
    yield from _rooms()
    yield from _media()
