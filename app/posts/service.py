"""The rules of posts, and the statements that keep them."""

from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import MISSING
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app import pages
from app.access import Action, Principal, allowed, require
from app.categories import filing
from app.etags import require_match
from app.ids import new_id
from app.jobs import service as jobs
from app.media import service as media
from app.notifications import likes
from app.notifications import posts as notifications
from app.posts import history, queries
from app.posts.tables import Post, PostLike, PostSlug
from app.posts.text import excerpt_of, slug_candidates, slug_of
from app.problems import NotAuthenticated, NotFound, Problem
from app.rows import fill
from app.sql import Connection, Statement
from app.tags import service as tags
from app.users.tables import User
from generated import models
from generated.models import PostInclude, PostStatus, ProblemCode


class InvalidTransition(Problem):
    status, code, title = 409, ProblemCode.invalid_transition, "The post is not in a state that allows this."


class PostNotPublished(Problem):
    status, code, title = 409, ProblemCode.post_not_published, "The post is not published."


IMAGE = "/featured_image_id"
_GET = Statement(queries.post().where(Post.id == bindparam("id")))
_GET_BY_SLUG = Statement(
    queries.post().join(PostSlug, PostSlug.post_id == Post.id).where(PostSlug.slug == bindparam("slug"))
)
_LOCK = Statement(select(Post).where(Post.id == bindparam("id")).with_for_update())
_columns: dict[str, Any] = {
    name: bindparam(name)
    for name in ("id", "author_id", "title", "slug", "content", "excerpt", "tags", "category_id", "featured_image_id")
}
_INSERT = Statement(insert(Post).values(_columns))
_EDITABLE = ("title", "slug", "content", "excerpt", "tags", "category_id", "featured_image_id", "featured")
# Nobody has been shown an address of these, so that a new title may still make a new one.
_UNSEEN = frozenset({PostStatus.draft, PostStatus.scheduled})
_edits: dict[str, Any] = {name: bindparam(name) for name in _EDITABLE}
_edits |= {"version": Post.version + 1, "updated_at": func.now()}
_UPDATE = Statement(update(Post).where(Post.id == bindparam("post_id")).values(_edits))
_DELETE = Statement(delete(Post).where(Post.id == bindparam("id")))
_TAKE_SLUG = Statement(
    upsert(PostSlug)
    .values(slug=bindparam("slug"), post_id=bindparam("post_id"))
    .on_conflict_do_update(
        index_elements=[PostSlug.slug],
        # A post may go back to a slug it had; a slug of another post is left alone and no row comes back.
        set_={"slug": bindparam("slug")},
        where=PostSlug.post_id == bindparam("post_id"),
    )
    .returning(PostSlug.slug)
)
_COUNT_FOR_AUTHOR = Statement(
    update(User).where(User.id == bindparam("author_id")).values(post_count=User.post_count + bindparam("step"))
)
_LIKE = Statement(
    upsert(PostLike).values(post_id=bindparam("post_id"), user_id=bindparam("user_id")).on_conflict_do_nothing()
)
_UNLIKE = Statement(
    delete(PostLike).where(PostLike.post_id == bindparam("post_id"), PostLike.user_id == bindparam("user_id"))
)
_COUNT_LIKES = Statement(
    update(Post).where(Post.id == bindparam("post_id")).values(likes=Post.likes + bindparam("step"))
)


def _visible(principal: Principal | None, row: Record | None) -> Record:
    """Return the row if the member may see it. Raises NotFound otherwise."""
    if row is None or (row["status"] != PostStatus.published and not allowed(principal, Action.SEE_UNPUBLISHED, row)):
        raise NotFound("There is no such post.")
    return row


async def get(connection: Connection, principal: Principal | None, post_id: UUID) -> models.Post:
    """Return a post. Raises NotFound when it does not exist or must not be seen."""
    return queries.as_post(_visible(principal, await _GET.first(connection, id=post_id)))


async def get_by_slug(connection: Connection, principal: Principal | None, slug: str) -> models.Post:
    """Return the post that has or had this slug. Raises NotFound as `get` does."""
    return queries.as_post(_visible(principal, await _GET_BY_SLUG.first(connection, slug=slug)))


def narrowed(principal: Principal | None, filters: queries.Filters) -> dict[str, Any]:
    """Return the values by which a list is narrowed for this member. Raises NotAuthenticated for drafts of nobody."""
    own = filters.status is not PostStatus.published and not allowed(
        principal, Action.SEE_UNPUBLISHED, {"author_id": None}
    )
    if own and principal is None:
        raise NotAuthenticated("Log in to see your unpublished posts.")
    return filters.values(viewer=principal.user_id if own and principal else None)


async def list_page(  # noqa: PLR0913, PLR0917 - What a list is made of.
    connection: Connection,
    principal: Principal | None,
    sort: models.PostSort,
    filters: queries.Filters,
    asked: pages.Asked,
    include: PostInclude | None = None,
) -> tuple[models.PostPage, list[str]]:
    """Return a page of the posts that the member may see, and their contents where more of them is asked for.

    Raises ValidationFailed for a cursor that is not of this list, and NotAuthenticated for drafts of nobody.
    """
    values = narrowed(principal, filters)
    page = pages.wanted(f"posts {sort} {filters.status} {sorted(values.items())}", asked)
    names = frozenset(values)
    total = await queries.counting(filters.status, names).total(connection, **values) if page.total else None
    listing = queries.listing(sort, filters.status, names, page.shape, whole=include is not None)
    rows = await listing.all(connection, **values, **page.binds())
    kept, described = pages.cut(rows, page, queries.ORDER[sort].key, total)
    # What is still to be added to has to be a model.
    items = [queries.as_summary(row) if include else queries.as_listed(row) for row in kept]
    found = fill(models.PostPage, {"items": items, "page": described})
    return found, [row["content"] for row in kept] if include else []


async def _take_slug(connection: Connection, post_id: UUID, title: str) -> str:
    """Reserve a slug for a post. The primary key decides who gets it, so that two posts never share one."""
    for slug in slug_candidates(title):
        if await _TAKE_SLUG.value(connection, slug=slug, post_id=post_id) is not None:
            return slug
    raise AssertionError("the candidates do not end")


async def create(connection: Connection, principal: Principal, draft: models.PostCreate) -> models.Post:
    """Write a draft."""
    post_id = new_id()
    names = tags.normalise(draft.tags) if draft.tags is not MISSING else []
    category_id = draft.category_id if draft.category_id is not MISSING else None
    image_id = draft.featured_image_id if draft.featured_image_id is not MISSING else None
    if image_id:
        await media.require_image(connection, principal.user_id, image_id, IMAGE)
    if names or category_id:
        await tags.share(connection)
    if category_id:
        await filing.require_active(connection, category_id)
    await tags.ensure(connection, names)
    await _INSERT.run(
        connection,
        id=post_id,
        author_id=principal.user_id,
        title=draft.title,
        slug=await _take_slug(connection, post_id, draft.title),
        content=draft.content,
        excerpt=draft.excerpt if draft.excerpt is not MISSING else None,
        tags=names,
        category_id=category_id,
        featured_image_id=image_id,
    )
    return await get(connection, principal, post_id)


async def lock(connection: Connection, post_id: UUID) -> Record | None:
    """Lock a post for whoever asks, for the service's own work."""
    return await _LOCK.first(connection, id=post_id)


async def seen(connection: Connection, principal: Principal, post_id: UUID) -> Record:
    """Return a row of a post with its author. Raises NotFound as `get` does."""
    return _visible(principal, await _GET.first(connection, id=post_id))


async def locked(connection: Connection, principal: Principal, post_id: UUID, action: Action) -> Record:
    """Lock a post for a change. Raises NotFound, and PermissionDenied when the member may see it but not do this."""
    row = _visible(principal, await lock(connection, post_id))
    require(principal, action, row)
    return row


async def update_post(
    connection: Connection, principal: Principal, post_id: UUID, patch: models.PostUpdate, if_match: str
) -> models.Post:
    """Apply a merge patch. Raises NotFound, PermissionDenied, PreconditionFailed."""
    changes = patch.model_dump(exclude_unset=True)
    edits_text = changes.keys() != {"featured"}
    if changes.keys() & {"tags", "category_id"}:
        await tags.share(connection)
    row = await locked(connection, principal, post_id, Action.EDIT_POST if edits_text else Action.FEATURE_POST)
    if "featured" in changes:
        require(principal, Action.FEATURE_POST, row)
    require_match(if_match, row["version"])
    if "tags" in changes:
        changes["tags"] = tags.normalise(changes["tags"])
    if changes.get("category_id") not in (None, row["category_id"]):
        await filing.require_active(connection, changes["category_id"])
    if changes.get("featured_image_id") not in (None, row["featured_image_id"]):
        await media.require_image(connection, principal.user_id, changes["featured_image_id"], IMAGE)
    await change(connection, principal, row, changes)
    return await get(connection, principal, post_id)


async def change(
    connection: Connection,
    principal: Principal,
    row: Record,
    changes: dict[str, Any],
    *,
    restored_from: int | None = None,
) -> None:
    """Change a locked post, keep what it was and what it becomes, and every counter true.

    Who gives it tags or a category shares the vocabulary.
    """
    values = {name: row[name] for name in _EDITABLE} | changes
    if row["status"] in _UNSEEN and slug_of(values["title"]) != slug_of(row["title"]):
        values["slug"] = await _take_slug(connection, row["id"], values["title"])
    if row["status"] == PostStatus.published and values["excerpt"] is None:
        values["excerpt"] = excerpt_of(values["content"])
    written = history.is_change(row, values)
    if written:
        await history.before(connection, row)
    await tags.ensure(connection, [name for name in values["tags"] if name not in row["tags"]])
    await _UPDATE.run(connection, post_id=row["id"], **values)
    if written:
        await history.after(connection, row, principal, restored_from)
    if row["status"] == PostStatus.published:
        await tags.count(connection, Post, removed=row["tags"], added=values["tags"])
        await filing.count(connection, Post, removed=row["category_id"], added=values["category_id"])
        if written:
            told = (row["id"], row["author_id"], row["content"], values["content"])
            await notifications.post_edited(connection, *told)


async def count_published(connection: Connection, row: Record, step: int) -> None:
    """Keep the counters of author, tags and category when a post appears (1) or disappears (-1)."""
    await _COUNT_FOR_AUTHOR.run(connection, author_id=row["author_id"], step=step)
    await tags.count(connection, Post, **{"added" if step > 0 else "removed": row["tags"]})
    await filing.count(connection, Post, **{"added" if step > 0 else "removed": row["category_id"]})


async def call_off(connection: Connection, row: Record) -> None:
    """Cancel the job that would publish a locked post, if it is scheduled."""
    if row["publication_job_id"]:
        await jobs.call_off(connection, [row["publication_job_id"]])


async def delete_post(connection: Connection, principal: Principal, post_id: UUID, if_match: str) -> None:
    """Delete a post with all that hangs on it. Raises NotFound, PermissionDenied, PreconditionFailed."""
    row = await locked(connection, principal, post_id, Action.DELETE_POST)
    require_match(if_match, row["version"])
    await call_off(connection, row)
    await _DELETE.run(connection, id=post_id)
    if row["status"] == PostStatus.published:
        await count_published(connection, row, -1)


async def like(connection: Connection, principal: Principal, post_id: UUID, *, liked: bool) -> None:
    """Like a post or take the like back; repeated, it changes nothing. Raises NotFound and PostNotPublished."""
    row = _visible(principal, await lock(connection, post_id))
    if liked and row["status"] != PostStatus.published:
        raise PostNotPublished
    changed = await (_LIKE if liked else _UNLIKE).run(connection, post_id=post_id, user_id=principal.user_id)
    if changed:
        await _COUNT_LIKES.run(connection, post_id=post_id, step=1 if liked else -1)
        await likes.post_liked(connection, post_id, principal.user_id, liked=liked)
