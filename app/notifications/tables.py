"""What members are notified of, and what they want to hear nothing of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ColumnClause, ForeignKey, Index, SmallInteger, func, text

from app.sql import Table
from app.users.tables import User

_SEEN = "read_at IS NULL AND withheld = 0"


class Notification(Table):
    """One member is notified of one thing in one way; the tables of most things are named, as their slices need this.

    Of comments, only the comment is a foreign key: whoever likes one locks nothing of its post.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('comment', 'reply', 'like', 'mention', 'item_sold_out', 'job_finished', 'event_changed', "
            "'event_cancelled')",
            name="kind",
        ),
        CheckConstraint("count >= 0", name="count"),
        # Nobody is notified twice of the same; and all that is about a thing is found by the thing.
        Index("uq_notifications_subject", "subject_id", "kind", "member_id", unique=True),
        Index("ix_notifications_member", "member_id", text("created_at DESC"), text("id DESC")),
        Index(
            "ix_notifications_unread",
            "member_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_include=["kind"],
            postgresql_where=text(_SEEN),
        ),
        Index("ix_notifications_actor_id", "actor_id", postgresql_where=text("actor_id IS NOT NULL")),
        Index("ix_notifications_post_id", "post_id", postgresql_where=text("post_id IS NOT NULL")),
        Index("ix_notifications_comment_id", "comment_id", postgresql_where=text("comment_id IS NOT NULL")),
        Index("ix_notifications_job_id", "job_id", postgresql_where=text("job_id IS NOT NULL")),
        Index("ix_notifications_created_at", "created_at"),
    )

    id: ColumnClause[UUID] = Column(primary_key=True)
    member_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"))
    kind: ColumnClause[str]
    # The comment, post, item, event or job, whichever `kind` says.
    subject_id: ColumnClause[UUID]
    # Who did it; of several who like something, one of them.
    actor_id: ColumnClause[UUID | None] = Column(ForeignKey(User.id, ondelete="SET NULL"))
    post_id: ColumnClause[UUID | None] = Column(ForeignKey("posts.id", ondelete="CASCADE"))
    comment_id: ColumnClause[UUID | None] = Column(ForeignKey("comments.id", ondelete="CASCADE"))
    job_id: ColumnClause[UUID | None] = Column(ForeignKey("jobs.id", ondelete="CASCADE"))
    # How many like it, the member not counted; and the most who ever did, of which the member has been told.
    count: ColumnClause[int] = Column(server_default="1")
    most: ColumnClause[int] = Column(server_default="1")
    # Why it is not shown (service.Withheld); 0 when it is.
    withheld: ColumnClause[int] = Column(SmallInteger, server_default="0")
    # What the thing is called, where that is not read from the thing.
    text: ColumnClause[str | None]
    read_at: ColumnClause[datetime | None]
    created_at: ColumnClause[datetime] = Column(server_default=func.now())


class NotificationPreferences(Table):
    """What a member wants to hear nothing of; most have never said, and have no row."""

    __tablename__ = "notification_preferences"

    member_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    muted: ColumnClause[list[str]] = Column(server_default=text("'{}'::text[]"))
    version: ColumnClause[int] = Column(server_default="1")
    updated_at: ColumnClause[datetime | None]
