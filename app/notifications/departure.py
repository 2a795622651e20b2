"""What becomes of notifications when a member leaves: of what the member has done, nobody is notified any more."""

from uuid import UUID

from sqlalchemy import Text, Uuid, any_, bindparam, case, delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.domain_events import service as events
from app.domain_events.service import Audience
from app.notifications.causes import COMMENT_LIKES, COMMENTS, POST_LIKES
from app.notifications.service import Withheld, number, said, withheld
from app.notifications.tables import Notification
from app.sql import Connection, Statement
from generated.models import NotificationKind

_MEMBER = bindparam("member", type_=Uuid())
_WORDS = [kind.value for kind in (NotificationKind.comment, NotificationKind.reply, NotificationKind.mention)]
_written = literal_column(f"'{{{','.join(_WORDS)}}}'", ARRAY(Text()))
_posts = select(POST_LIKES.c.post_id).where(POST_LIKES.c.user_id == _MEMBER)
_comments = select(COMMENT_LIKES.c.comment_id).where(COMMENT_LIKES.c.user_id == _MEMBER)
_liked = (Notification.kind == said(NotificationKind.like)) & (Notification.member_id != _MEMBER)
_own = select(Notification.id).where((Notification.member_id == _MEMBER) | (Notification.actor_id == _MEMBER))
_counted = select(Notification.id).where(Notification.subject_id.in_(_posts.union_all(_comments)), _liked)


def statements(seconds: int) -> list[Statement]:
    """Return what is to be done, in this order, while the likes and comments are still there.

    The rows are locked in one order first, as by whoever changes several.
    """
    chosen = _own.union(_counted).subquery("chosen")
    lock = select(Notification.id).where(Notification.id.in_(select(chosen.c.id))).order_by(Notification.id)
    last = Notification.count <= number(1)
    unliked = withheld(Withheld.UNLIKED)
    unlike = (
        update(Notification)
        .where(Notification.id.in_(_counted), Notification.count > number(0))
        .values(
            count=Notification.count - number(1),
            withheld=case((last, unliked), else_=Notification.withheld),
        )
    )
    forget = delete(Notification).where(Notification.actor_id == _MEMBER, Notification.kind == any_(_written))
    shown = (
        COMMENTS.c.author_id == _MEMBER,
        COMMENTS.c.status == literal_column("'approved'", Text()),
        COMMENTS.c.deleted_at.is_(None),
    )
    topic = events.topic_of(Audience.POST, COMMENTS.c.post_id)
    gone = select(events.kind_of(events.Kind.COMMENT_DELETED), topic, COMMENTS.c.id, events.NOTHING).where(*shown)
    told = events.telling(gone)
    return [Statement(statement, seconds=seconds) for statement in (lock.with_for_update(), unlike, forget, told)]


async def forget(connection: Connection, member: UUID, found: list[Statement]) -> None:
    """Run these statements."""
    for statement in found:
        await statement.value(connection, member=member)
