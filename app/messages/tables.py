"""Rooms, who is in them and who is invited, and what is said there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

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

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # Nobody goes who owns a room: it is somebody else's before, or gone.
    owner_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    name: Mapped[str]
    description: Mapped[str | None]
    visibility: Mapped[str]
    # Both are kept by the statements that change who is in it and who is invited.
    member_count: Mapped[int] = mapped_column(server_default="0")
    invitation_count: Mapped[int] = mapped_column(server_default="0")
    # The number of the newest message; the next one gets the number after it under the lock of this row.
    last_number: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_message_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RoomMember(Table):
    """A member is in a room, and has read it up to a number."""

    __tablename__ = "room_members"
    __table_args__ = (
        Index("uq_room_members_room_id_user_id", "room_id", "user_id", unique=True),
        Index("ix_room_members_joined", "room_id", "joined_at", "id"),
        Index("ix_room_members_user_id", "user_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_id: Mapped[UUID] = mapped_column(ForeignKey(Room.id, ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    read_number: Mapped[int] = mapped_column(BigInteger, server_default="0")
    joined_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RoomInvitation(Table):
    """A member is invited to a room, and has not answered yet."""

    __tablename__ = "room_invitations"
    __table_args__ = (
        Index("uq_room_invitations_room_id_user_id", "room_id", "user_id", unique=True),
        Index("ix_room_invitations_room", "room_id", "created_at", "id"),
        Index("ix_room_invitations_user", "user_id", "created_at", "id"),
        Index("ix_room_invitations_inviter_id", "inviter_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_id: Mapped[UUID] = mapped_column(ForeignKey(Room.id, ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    inviter_id: Mapped[UUID | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


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

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_id: Mapped[UUID] = mapped_column(ForeignKey(Room.id, ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(BigInteger)
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    content: Mapped[str]
    # A message goes only with its room, and then all of them go.
    reply_to: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(server_default="1")
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
