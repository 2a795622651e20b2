"""Likes of a post or a comment: one notification each, which says how many like it.

It becomes unread, and new, when more like it than ever before: whoever takes a like back and gives it again says
nothing new. The caller holds the lock of the thing, so that its likes are counted one after the other.
"""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    TableClause,
    Uuid,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from app.domain_events import service as events
from app.ids import new_id
from app.notifications.causes import COMMENT_LIKES, COMMENTS, POST_LIKES, POSTS
from app.notifications.service import Withheld, locked, number, said, shown, told_of, wants, withheld
from app.notifications.tables import Notification
from app.sql import Connection, Statement
from app.users.tables import User
from generated.models import NotificationKind

_LIKE = said(NotificationKind.like)
_ACTOR: ColumnElement[UUID] = bindparam("actor_id", type_=Uuid())
_OF_POST, _OF_COMMENT = "post_id", "comment_id"


def _tables(of: str) -> tuple[TableClause, TableClause]:
    """Return the things and their likes."""
    return (POSTS, POST_LIKES) if of == _OF_POST else (COMMENTS, COMMENT_LIKES)


def _thing(of: str) -> Any:
    """Return the thing with how many others than its author like it."""
    things, likes = _tables(of)
    own = exists().where(likes.c[of] == things.c.id, likes.c.user_id == things.c.author_id)
    others = things.c.likes - case((own, number(1)), else_=number(0))
    thing = select(things.c.id, things.c.author_id, others.label("likes"))
    return thing.where(things.c.id == bindparam("subject_id", type_=Uuid())).cte("thing")


@cache
def _liking(of: str) -> Statement:
    thing = _thing(of)
    wanted = (
        select(thing.c.author_id.label("member_id"), thing.c.id, thing.c.likes)
        .where(thing.c.author_id != _ACTOR, wants(thing.c.author_id, _LIKE))
        .cte("wanted")
    )
    recipient = locked(wanted)
    columns = ["id", "member_id", "kind", "subject_id", "actor_id", of, "count", "most"]
    values = (_LIKE, recipient.c.id, _ACTOR, recipient.c.id, recipient.c.likes, recipient.c.likes)
    new = upsert(Notification).from_select(columns, select(recipient.c.new_id, recipient.c.member_id, *values))
    more = new.excluded.count > Notification.most
    changes = {
        "count": new.excluded.count,
        "most": func.greatest(Notification.most, new.excluded.count),
        "actor_id": new.excluded.actor_id,
        "withheld": shown(Withheld.UNLIKED),
        "read_at": case((more, literal_column("NULL", DateTime(timezone=True))), else_=Notification.read_at),
        "created_at": case((more, func.now()), else_=Notification.created_at),
    }
    unique = [Notification.subject_id, Notification.kind, Notification.member_id]
    written = (
        new.on_conflict_do_update(index_elements=unique, set_=changes)
        .returning(Notification.id, Notification.member_id, Notification.kind)
        .cte("written")
    )
    return events.Telling(events.telling(told_of(written)))


@cache
def _unliking(of: str) -> Statement:
    thing, likes = _thing(of), _tables(of)[1]
    another = (
        select(User.id)
        .join(likes, likes.c.user_id == User.id)
        .join(thing, thing.c.id == likes.c[of])
        .where(User.id != thing.c.author_id)
        .limit(number(1))
        # Who is about to go cannot stand in for another.
        .with_for_update(key_share=True, read=True, of=User, skip_locked=True)
        .cte("another")
    )
    stand_in = select(another.c.id).scalar_subquery()
    unliked = withheld(Withheld.UNLIKED)
    return Statement(
        update(Notification)
        .where(
            Notification.subject_id == thing.c.id,
            Notification.kind == _LIKE,
            Notification.member_id == thing.c.author_id,
        )
        .values(
            count=thing.c.likes,
            actor_id=case((Notification.actor_id == _ACTOR, stand_in), else_=Notification.actor_id),
            withheld=case((thing.c.likes <= number(0), unliked), else_=Notification.withheld),
        )
    )


async def _counted(connection: Connection, of: str, subject_id: UUID, actor_id: UUID, *, liked: bool) -> None:
    if liked:
        await _liking(of).value(connection, subject_id=subject_id, actor_id=actor_id, ids=[new_id()])
    else:
        await _unliking(of).run(connection, subject_id=subject_id, actor_id=actor_id)


async def post_liked(connection: Connection, post_id: UUID, actor_id: UUID, *, liked: bool) -> None:
    """Tell the author of a locked post of a like that was counted, or that it was taken back."""
    await _counted(connection, _OF_POST, post_id, actor_id, liked=liked)


async def comment_liked(connection: Connection, comment_id: UUID, actor_id: UUID, *, liked: bool) -> None:
    """Tell the author of a locked comment of a like that was counted, or that it was taken back."""
    await _counted(connection, _OF_COMMENT, comment_id, actor_id, liked=liked)
