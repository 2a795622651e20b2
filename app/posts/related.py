"""Which posts are about the same."""

from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.access import Principal
from app.posts import queries, service
from app.posts.queries import AUTHOR, PUBLISHED, SUMMARY
from app.posts.tables import Post
from app.sql import Connection, Statement
from app.users.tables import User
from generated import models

# Of the posts that share a tag the newest are looked at; of a common tag there may be a million.
LOOKED_AT = 200

_names = bindparam("names", type_=ARRAY(Text()))
_newest = (
    select(Post.id, Post.tags, Post.sort_at)
    .where(PUBLISHED, Post.tags.overlap(_names), Post.id != bindparam("post_id"))
    .order_by(Post.sort_at.desc())
    .limit(literal_column(str(LOOKED_AT), Integer()))
    .cte("newest")
)
_name = func.unnest(_newest.c.tags).table_valued("name").render_derived(name="tag")
_shared = select(func.count()).select_from(_name).where(_name.c.name == func.any(_names)).scalar_subquery()
_closest = (
    select(_newest.c.id, _shared.label("shared"), _newest.c.sort_at)
    .order_by(_shared.desc(), _newest.c.sort_at.desc(), _newest.c.id.desc())
    .limit(bindparam("limit", type_=Integer()))
    .cte("closest")
)
_RELATED = Statement(
    select(*SUMMARY, *AUTHOR)
    .join(_closest, _closest.c.id == Post.id)
    .join(User, User.id == Post.author_id)
    .order_by(_closest.c.shared.desc(), _closest.c.sort_at.desc(), _closest.c.id.desc())
)


async def find(connection: Connection, principal: Principal | None, post_id: UUID, limit: int) -> models.RelatedPosts:
    """Return the published posts that share most tags with a post. Raises NotFound as `service.get` does."""
    post = await service.get(connection, principal, post_id)
    if not post.tags:
        return models.RelatedPosts(items=[])
    rows = await _RELATED.all(connection, post_id=post_id, names=post.tags, limit=limit)
    return models.RelatedPosts(items=[queries.as_summary(row) for row in rows])
