"""Events, and who attends them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.sql import Table
from app.users.tables import User


class Event(Table):
    """An event. Its lists are read in the order of an index, so that no page is sorted at request time."""

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="times"),
        # The statements see to it; this is for whoever writes another one.
        CheckConstraint("attendee_count BETWEEN 0 AND max_participants", name="seats"),
        Index("ix_events_starts_at", "starts_at", "id"),
        Index("ix_events_created_at", "created_at", "id"),
        Index("ix_events_organizer", "organizer_id", "starts_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organizer_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    title: Mapped[str]
    description: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    max_participants: Mapped[int]
    # Kept by the statements that write attendances, under the lock of the event.
    attendee_count: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EventAttendance(Table):
    """A member attends an event. The primary key is what makes it one seat per member."""

    __tablename__ = "event_attendances"
    __table_args__ = (
        Index("ix_event_attendances_seats", "event_id", "created_at", "id"),
        Index("ix_event_attendances_user_id", "user_id"),
    )

    event_id: Mapped[UUID] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    # What cursors name: the id of a member is nobody else's business.
    id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
