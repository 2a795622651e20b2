"""Posts: whom they mention, and what becomes of the notifications about them while they are not published."""

from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from app.domain_events import service as events
from app.ids import new_id
from app.notifications.causes import COMMENTS
from app.notifications.mentions import named
from app.notifications.service import Withheld, locked, number, said, shown, told_of, wants, withheld
from app.notifications.tables import Notification
from app.sql import Connection, Statement
from app.users.tables import User
from generated.models import NotificationKind

# Whom a post may name; a comment notes its own (app/comments).
MAX_MENTIONS = 20
_MENTION = said(NotificationKind.mention)
_POST: Any = bindparam("post_id", type_=Uuid())
_AUTHOR: Any = bindparam("author_id", type_=Uuid())
_NAMED = func.lower(User.username) == any_(bindparam("names", type_=ARRAY(Text())))


def _mentioning() -> Statement:
    """Return the statement that notifies the members of these names."""
    wanted = select(User.id.label("member_id")).where(_NAMED, User.id != _AUTHOR, wants(User.id, _MENTION))
    recipients = locked(wanted.cte("wanted"))
    columns = ["id", "member_id", "kind", "subject_id", "post_id", "actor_id"]
    rows = select(recipients.c.new_id, recipients.c.member_id, _MENTION, _POST, _POST, _AUTHOR)
    written = (
        upsert(Notification)
        .from_select(columns, rows)
        .on_conflict_do_nothing()
        .returning(Notification.id, Notification.member_id, Notification.kind)
        .cte("written")
    )
    return events.Telling(events.telling(told_of(written)))


_TELL_MENTIONED = _mentioning()
_UNMENTION = Statement(
    delete(Notification).where(
        Notification.subject_id == _POST,
        Notification.kind == _MENTION,
        Notification.member_id.in_(select(User.id).where(_NAMED)),
    )
)
_hides = Notification.withheld.bitwise_and(number(Withheld.UNPUBLISHED.value)) != number(0)


def _about(*conditions: Any) -> Any:
    """Return the ids of what notifies of a post or its comments, locked in one order."""
    below = select(COMMENTS.c.id).where(COMMENTS.c.post_id == _POST)
    of_post = select(Notification.id).where(Notification.post_id == _POST, *conditions)
    of_comments = select(Notification.id).where(Notification.comment_id.in_(below), *conditions)
    found = of_post.union_all(of_comments).subquery("found")
    about = select(Notification.id).where(Notification.id.in_(select(found.c.id))).order_by(Notification.id)
    return about.with_for_update(key_share=True).cte("about")


def _setting(about: Any, reasons: Any) -> Statement:
    changed = update(Notification).where(Notification.id == about.c.id)
    return Statement(changed.values(withheld=reasons))


_SHOW = _setting(_about(_hides), shown(Withheld.UNPUBLISHED))
_HIDE = _setting(_about(Notification.member_id != _AUTHOR), withheld(Withheld.UNPUBLISHED))


async def _mention(connection: Connection, post_id: UUID, author_id: UUID, names: list[str]) -> None:
    if names:
        ids = [new_id() for _ in names]
        await _TELL_MENTIONED.value(connection, post_id=post_id, author_id=author_id, names=names, ids=ids)


async def post_published(connection: Connection, post_id: UUID, author_id: UUID, content: str) -> None:
    """Notify those whom a post names that is published, and show again what was withheld while it was not."""
    await _SHOW.run(connection, post_id=post_id)
    await _mention(connection, post_id, author_id, named(content, MAX_MENTIONS))


async def post_withdrawn(connection: Connection, post_id: UUID, author_id: UUID) -> None:
    """Withhold from all but its author what notifies of a post and its comments."""
    await _HIDE.run(connection, post_id=post_id, author_id=author_id)


async def post_edited(connection: Connection, post_id: UUID, author_id: UUID, before: str, after: str) -> None:
    """Notify those whom a published post names and did not name before; who is named no longer hears nothing of it."""
    old, new = (named(content, MAX_MENTIONS) for content in (before, after))
    if gone := [name for name in old if name not in new]:
        await _UNMENTION.run(connection, post_id=post_id, names=gone)
    await _mention(connection, post_id, author_id, [name for name in new if name not in old])
