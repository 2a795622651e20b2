"""Many posts at once, all of them or none, in a few statements however many they are."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import MISSING
from sqlalchemy import DateTime, Integer, Text, Uuid, bindparam, case, func, insert, literal_column, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from app.access import Action, Principal, allowed
from app.categories import filing
from app.ids import new_id
from app.jobs import service as jobs
from app.media import service as media
from app.posts import queries
from app.posts.tables import Post, PostSlug
from app.posts.text import slug_candidates
from app.problems import FieldError, NotFound, PermissionDenied, ValidationFailed
from app.sql import Connection, Statement
from app.tags import service as tags
from app.users.tables import User
from generated import models
from generated.models import PostStatus


@dataclass(frozen=True, slots=True)
class Draft:
    """A post that is to be written; one with a time of publication is published."""

    title: str
    content: str
    excerpt: str | None
    tags: list[str]
    published_at: datetime | None = None
    category_id: UUID | None = None
    featured_image_id: UUID | None = None
    external_id: str | None = None


@dataclass(slots=True)
class Counts:
    """How many published posts authors, tags and categories have more, or fewer."""

    authors: Counter[UUID] = field(default_factory=Counter[UUID])
    names: Counter[str] = field(default_factory=Counter[str])
    filed: Counter[UUID] = field(default_factory=Counter[UUID])

    def see(self, author_id: UUID, names: Iterable[str], category_id: UUID | None) -> None:
        """Count a published post."""
        self.authors[author_id] += 1
        self.names.update(names)
        if category_id:
            self.filed[category_id] += 1

    async def keep(self, connection: Connection, step: int = 1) -> None:
        """Keep the counters when these posts appear (1) or disappear (-1)."""
        if self.authors:
            steps = [number * step for number in self.authors.values()]
            await _COUNT_FOR_AUTHORS.run(connection, ids=list(self.authors), steps=steps)
        await tags.add(connection, Post, {name: number * step for name, number in self.names.items()})
        await filing.add(connection, Post, {category_id: number * step for category_id, number in self.filed.items()})


def _lists(*names_and_types: tuple[str, Any]) -> Any:
    """Return bind parameters that are lists of equal lengths as the rows of a table."""
    binds = [bindparam(f"{name}s", type_=ARRAY(kind)) for name, kind in names_and_types]
    return func.unnest(*binds).table_valued(*[name for name, _ in names_and_types]).render_derived(name="new")


_proposed = _lists(("slug", Text()), ("post_id", Uuid()))
# In one order, so that two who take the same slugs cannot wait for each other.
_TAKE_SLUGS = Statement(
    upsert(PostSlug)
    .from_select(["slug", "post_id"], select(_proposed.c.slug, _proposed.c.post_id).order_by(_proposed.c.slug))
    .on_conflict_do_nothing()
    .returning(PostSlug.slug, PostSlug.post_id)
)
_DRAFT, _PUBLISHED = (
    literal_column(f"'{status.value}'", Text()) for status in (PostStatus.draft, PostStatus.published)
)
_TEXTS = ("title", "slug", "content", "excerpt", "external_id", "tag_line")
_OTHERS = (("published_at", DateTime(timezone=True)), ("category_id", Uuid()), ("featured_image_id", Uuid()))
_new = _lists(("id", Uuid()), *((name, Text()) for name in _TEXTS), *_OTHERS)
_INSERT = Statement(
    insert(Post).from_select(
        [
            *("id", "author_id", "title", "slug", "content", "excerpt", "external_id"),
            *("tags", "published_at", "category_id", "featured_image_id", "status"),
        ],
        select(
            _new.c.id,
            bindparam("author_id", type_=Uuid()),
            *(_new.c[name] for name in ("title", "slug", "content", "excerpt", "external_id")),
            # A list of lists of different lengths is none of PostgreSQL's; names of tags have no blanks.
            func.string_to_array(_new.c.tag_line, " "),
            _new.c.published_at,
            _new.c.category_id,
            _new.c.featured_image_id,
            case((_new.c.published_at.is_(None), _DRAFT), else_=_PUBLISHED),
        ),
    )
)
_some = Post.id == func.any(bindparam("ids", type_=ARRAY(Uuid())))
_SUMMARIES = Statement(select(*queries.SUMMARY, *queries.AUTHOR).join(User, User.id == Post.author_id).where(_some))
# In the order of their ids, as everybody who locks several posts does.
_LOCK = Statement(
    select(Post.id, Post.author_id, Post.status, Post.tags, Post.category_id, Post.publication_job_id)
    .where(_some)
    .order_by(Post.id)
    .with_for_update()
)
_DELETE = Statement(delete_from(Post).where(_some))
_steps = (
    func.unnest(bindparam("ids", type_=ARRAY(Uuid())), bindparam("steps", type_=ARRAY(Integer())))
    .table_valued("id", "step")
    .render_derived(name="steps")
)
_authors = select(User.id, _steps.c.step).join(_steps, _steps.c.id == User.id).order_by(User.id)
_authors = _authors.with_for_update(of=User, key_share=True).cte("authors")
_COUNT_FOR_AUTHORS = Statement(
    update(User).where(User.id == _authors.c.id).values(post_count=User.post_count + _authors.c.step.cast(Integer))
)
# What the database may find wrong with an entry that the contract lets through.
_UNFIT = (asyncpg.DataError, asyncpg.ProgramLimitExceededError, asyncpg.CheckViolationError)


async def take_slugs(connection: Connection, titles: dict[UUID, str]) -> dict[UUID, str]:
    """Reserve a slug for each of these posts; the primary key decides who gets which."""
    waiting: dict[UUID, Iterator[str]] = {post_id: slug_candidates(title) for post_id, title in titles.items()}
    taken: dict[UUID, str] = {}
    while waiting:
        # Of several posts that would like the same, the first asks for it now.
        asked: dict[str, UUID] = {}
        for post_id, candidates in waiting.items():
            asked.setdefault(next(candidates), post_id)
        found = await _TAKE_SLUGS.all(connection, slugs=list(asked), post_ids=list(asked.values()))
        taken |= {row["post_id"]: row["slug"] for row in found}
        for row in found:
            del waiting[row["post_id"]]
    return taken


async def write(connection: Connection, author_id: UUID, drafts: Sequence[Draft]) -> list[UUID]:
    """Write posts of one author; whoever calls has shared the vocabulary, and counts what is published."""
    ids = [new_id() for _ in drafts]
    await tags.ensure(connection, {name for draft in drafts for name in draft.tags})
    slugs = await take_slugs(connection, {post_id: draft.title for post_id, draft in zip(ids, drafts, strict=True)})
    await _INSERT.run(
        connection,
        author_id=author_id,
        ids=ids,
        titles=[draft.title for draft in drafts],
        slugs=[slugs[post_id] for post_id in ids],
        contents=[draft.content for draft in drafts],
        excerpts=[draft.excerpt for draft in drafts],
        external_ids=[draft.external_id for draft in drafts],
        tag_lines=[" ".join(draft.tags) for draft in drafts],
        published_ats=[draft.published_at for draft in drafts],
        category_ids=[draft.category_id for draft in drafts],
        featured_image_ids=[draft.featured_image_id for draft in drafts],
    )
    return ids


async def write_fit(connection: Connection, author_id: UUID, drafts: Sequence[Draft]) -> list[UUID | None]:
    """Write the posts that the database can hold, and return None in the place of each that it cannot."""
    try:
        async with connection.transaction():
            return [*await write(connection, author_id, drafts)]
    except _UNFIT:
        if len(drafts) == 1:
            return [None]
    # The statement does not say which it was; halving finds a few among many.
    half = len(drafts) // 2
    return [
        *await write_fit(connection, author_id, drafts[:half]),
        *await write_fit(connection, author_id, drafts[half:]),
    ]


def _draft(post: models.PostCreate) -> Draft:
    return Draft(
        post.title,
        post.content,
        post.excerpt if post.excerpt is not MISSING else None,
        tags.normalise(post.tags) if post.tags is not MISSING else [],
        category_id=post.category_id if post.category_id is not MISSING else None,
        featured_image_id=post.featured_image_id if post.featured_image_id is not MISSING else None,
    )


async def _require_fit(connection: Connection, principal: Principal, drafts: Sequence[Draft]) -> None:
    """Raise ValidationFailed where categories cannot be put into or images cannot be shown. Images are locked first."""
    images = {draft.featured_image_id for draft in drafts if draft.featured_image_id}
    unshown = await media.unfit(connection, principal.user_id, images)
    closed = await filing.unfit(connection, {draft.category_id for draft in drafts if draft.category_id})
    errors = [
        FieldError(pointer=f"/posts/{place}/category_id", **closed[draft.category_id])
        for place, draft in enumerate(drafts)
        if draft.category_id in closed
    ]
    errors += [
        FieldError(pointer=f"/posts/{place}/featured_image_id", **unshown[draft.featured_image_id])
        for place, draft in enumerate(drafts)
        if draft.featured_image_id in unshown
    ]
    if errors:
        raise ValidationFailed(errors=errors)


async def create(connection: Connection, principal: Principal, batch: models.PostBatchCreate) -> models.PostBatch:
    """Write drafts, and return them in their order. Raises ValidationFailed for what only the database finds."""
    await tags.share(connection)
    drafts = [_draft(post) for post in batch.posts]
    await _require_fit(connection, principal, drafts)
    written = await write_fit(connection, principal.user_id, drafts)
    if None in written:
        raise ValidationFailed(
            errors=[
                FieldError(pointer=f"/posts/{place}", code="not_storable", detail="The database cannot hold this post.")
                for place, post_id in enumerate(written)
                if post_id is None
            ]
        )
    found = {row["id"]: row for row in await _SUMMARIES.all(connection, ids=written)}
    return models.PostBatch(items=[queries.as_summary(found[post_id]) for post_id in written if post_id])


def _pointers(ids: Sequence[UUID], wrong: set[UUID], code: str, detail: str) -> list[FieldError]:
    return [
        FieldError(pointer=f"/ids/{place}", code=code, detail=detail)
        for place, post_id in enumerate(ids)
        if post_id in wrong
    ]


async def delete(connection: Connection, principal: Principal, ids: Sequence[UUID]) -> None:
    """Delete posts with all that hangs on them. Raises NotFound and PermissionDenied, which point at the posts."""
    rows = await _LOCK.all(connection, ids=list(ids))
    seen = {
        row["id"]
        for row in rows
        if row["status"] == PostStatus.published or allowed(principal, Action.SEE_UNPUBLISHED, row)
    }
    if unknown := {UUID(str(post_id)) for post_id in ids} - seen:
        errors = _pointers(ids, unknown, "not_found", "There is no such post.")
        raise NotFound("Some of the posts are not there; none was deleted.", errors=errors)
    if foreign := {row["id"] for row in rows if not allowed(principal, Action.DELETE_POST, row)}:
        errors = _pointers(ids, foreign, "permission_denied", "You may not delete this post.")
        raise PermissionDenied("Some of the posts are not yours to delete; none was deleted.", errors=errors)
    await jobs.call_off(connection, [row["publication_job_id"] for row in rows if row["publication_job_id"]])
    await _DELETE.run(connection, ids=list(ids))
    counts = Counts()
    for row in rows:
        if row["status"] == PostStatus.published:
            counts.see(row["author_id"], row["tags"], row["category_id"])
    await counts.keep(connection, -1)
