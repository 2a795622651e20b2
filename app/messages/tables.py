"""Rooms, who is in them and who is invited, and what is said there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ColumnClause, ForeignKey, Index, func, text

from app.sql import Table
from app.users.tables import User


class Room(Table):
    """A room. Whoever changes who is in it, or says something in it, locks its row first."""

    __tablename__ = "rooms"
    __table_args__ = (
        CheckConstraint("visibility IN ('public', 'private')", name="visibility"),
        Index("ix_rooms_created", "created_at", "id"),
        Index("ix_rooms_name", "name", "id"),
        Index("ix_rooms_owner_id", "owner_id"),
        Index("ix_rooms_trigrams", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )

    id: ColumnClause[UUID] = Column(primary_key=True)
    # Nobody goes who owns a room: it is somebody else's before, or gone.
    owner_id: ColumnClause[UUID] = Column(ForeignKey(User.id))
    name: ColumnClause[str]
    description: ColumnClause[str | None]
    visibility: ColumnClause[str]
    # Both are kept by the statements that change who is in it and who is invited.
    member_count: ColumnClause[int] = Column(server_default="0")
    invitation_count: ColumnClause[int] = Column(server_default="0")
    # The number of the newest message; the next one gets the number after it under the lock of this row.
    last_number: ColumnClause[int] = Column(BigInteger, server_default="0")
    last_message_at: ColumnClause[datetime | None]
    version: ColumnClause[int] = Column(server_default="1")
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    updated_at: ColumnClause[datetime] = Column(server_default=func.now())


class RoomMember(Table):
    """A member is in a room, and has read it up to a number."""

    __tablename__ = "room_members"
    __table_args__ = (
        Index("uq_room_members_room_id_user_id", "room_id", "user_id", unique=True),
        Index("ix_room_members_joined", "room_id", "joined_at", "id"),
        Index("ix_room_members_user_id", "user_id"),
    )

    id: ColumnClause[UUID] = Column(primary_key=True)
    room_id: ColumnClause[UUID] = Column(ForeignKey(Room.id, ondelete="CASCADE"))
    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"))
    read_number: ColumnClause[int] = Column(BigInteger, server_default="0")
    joined_at: ColumnClause[datetime] = Column(server_default=func.now())


class RoomInvitation(Table):
    """A member is invited to a room, and has not answered yet."""

    __tablename__ = "room_invitations"
    __table_args__ = (
        Index("uq_room_invitations_room_id_user_id", "room_id", "user_id", unique=True),
        Index("ix_room_invitations_room", "room_id", "created_at", "id"),
        Index("ix_room_invitations_user", "user_id", "created_at", "id"),
        Index("ix_room_invitations_inviter_id", "inviter_id"),
    )

    id: ColumnClause[UUID] = Column(primary_key=True)
    room_id: ColumnClause[UUID] = Column(ForeignKey(Room.id, ondelete="CASCADE"))
    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"))
    inviter_id: ColumnClause[UUID | None] = Column(ForeignKey(User.id, ondelete="SET NULL"))
    created_at: ColumnClause[datetime] = Column(server_default=func.now())


class Message(Table):
    """Something said in a room. A deleted one keeps its number: text and author are erased, the row stays."""

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("author_id IS NOT NULL OR deleted_at IS NOT NULL", name="author"),
        CheckConstraint("number > 0", name="number"),
        Index("uq_messages_room_id_number", "room_id", "number", unique=True),
        Index("ix_messages_author_id", "author_id", postgresql_where=text("author_id IS NOT NULL")),
        Index("ix_messages_reply_to", "reply_to", postgresql_where=text("reply_to IS NOT NULL")),
    )

    id: ColumnClause[UUID] = Column(primary_key=True)
    room_id: ColumnClause[UUID] = Column(ForeignKey(Room.id, ondelete="CASCADE"))
    number: ColumnClause[int] = Column(BigInteger)
    author_id: ColumnClause[UUID | None] = Column(ForeignKey(User.id, ondelete="SET NULL"))
    content: ColumnClause[str]
    # A message goes only with its room, and then all of them go.
    reply_to: ColumnClause[UUID | None] = Column(ForeignKey("messages.id", ondelete="CASCADE"))
    version: ColumnClause[int] = Column(server_default="1")
    edited_at: ColumnClause[datetime | None]
    deleted_at: ColumnClause[datetime | None]
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    updated_at: ColumnClause[datetime] = Column(server_default=func.now())
