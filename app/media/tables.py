"""Media, the objects in the store that they are made of, and where everybody sees them."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnClause,
    ColumnElement,
    ForeignKey,
    Index,
    func,
    select,
    text,
)

from app.sql import Table
from app.users.tables import User

# The label of what was uploaded; all others are made of it.
ORIGINAL = "original"


class Media(Table):
    """A file that a member has uploaded."""

    __tablename__ = "media"
    __table_args__ = (
        CheckConstraint("kind IN ('image', 'document', 'video')", name="kind"),
        Index("ix_media_owner", "owner_id", text("created_at DESC"), text("id DESC")),
    )

    id: ColumnClause[UUID] = Column(primary_key=True)
    owner_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"))
    kind: ColumnClause[str]
    media_type: ColumnClause[str]
    original_name: ColumnClause[str]
    version: ColumnClause[int] = Column(server_default="1")
    created_at: ColumnClause[datetime] = Column(server_default=func.now())


class MediaFile(Table):
    """An object in the store. Its row is committed before the object is put there, and goes after the object has gone.

    One without a medium is nobody's: it is being put by a request or a job as long as it is leased, and is taken away
    afterwards. So whatever ends early, and however, what it leaves has a row by which it is found. A medium that goes,
    by whatever way, lets go of its files by the foreign key.
    """

    __tablename__ = "media_files"
    __table_args__ = (
        Index("uq_media_files_label", "media_id", "label", unique=True, postgresql_where=text("media_id IS NOT NULL")),
        Index("ix_media_files_nobodys", "leased_until", postgresql_where=text("media_id IS NULL")),
    )

    # Also the name of the object. The original has the id of its medium.
    id: ColumnClause[UUID] = Column(primary_key=True)
    media_id: ColumnClause[UUID | None] = Column(ForeignKey(Media.id, ondelete="SET NULL"))
    # What it is of its medium; a medium has one of each.
    label: ColumnClause[str]
    media_type: ColumnClause[str]
    size: ColumnClause[int] = Column(BigInteger)
    digest: ColumnClause[str]
    width: ColumnClause[int | None]
    height: ColumnClause[int | None]
    # Whether it takes of its owner's room: thumbnails, which nobody has asked for, do not.
    is_counted: ColumnClause[bool]
    leased_until: ColumnClause[datetime]


class MediaUsage(Table):
    """How many bytes a member's counted files have, kept by the statements that add and take files."""

    __tablename__ = "media_usage"
    __table_args__ = (CheckConstraint("bytes >= 0", name="bytes"),)

    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    bytes: ColumnClause[int] = Column(BigInteger)


class Showing:
    """What shows media to everybody. A table that does inherits from this, and says when and on what."""

    # What a row of that is set to when the medium goes.
    without: ClassVar[dict[str, None]] = {}

    @classmethod
    def shows(cls, media_id: Any) -> ColumnElement[bool]:
        """Return the condition under which a row of this table shows the medium to everybody."""
        raise NotImplementedError

    @classmethod
    def shown_on(cls, media_id: Any) -> tuple[Any, ColumnElement[bool]]:
        """Return the table of what the medium is on, whether it is shown or not, and the condition for its rows.

        These become another version when the medium goes.
        """
        raise NotImplementedError


class Avatar(Showing, Table):
    """Which image is the picture of an account."""

    __tablename__ = "avatars"
    __table_args__ = (Index("ix_avatars_media_id", "media_id"),)

    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    media_id: ColumnClause[UUID] = Column(ForeignKey(Media.id, ondelete="CASCADE"))
    without: ClassVar[dict[str, None]] = {"avatar_url": None}

    @classmethod
    def shows(cls, media_id: Any) -> ColumnElement[bool]:
        """Everybody sees it, always."""
        return cls.media_id == media_id

    @classmethod
    def shown_on(cls, media_id: Any) -> tuple[Any, ColumnElement[bool]]:
        """An account."""
        return User, User.id.in_(select(cls.user_id).where(cls.media_id == media_id))
