"""Events, and who attends them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ColumnClause, ForeignKey, Index, func

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

    id: ColumnClause[UUID] = Column(primary_key=True)
    organizer_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"))
    title: ColumnClause[str]
    description: ColumnClause[str]
    starts_at: ColumnClause[datetime]
    ends_at: ColumnClause[datetime]
    max_participants: ColumnClause[int]
    # Kept by the statements that write attendances, under the lock of the event.
    attendee_count: ColumnClause[int] = Column(server_default="0")
    version: ColumnClause[int] = Column(server_default="1")
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    updated_at: ColumnClause[datetime] = Column(server_default=func.now())


class EventAttendance(Table):
    """A member attends an event. The primary key is what makes it one seat per member."""

    __tablename__ = "event_attendances"
    __table_args__ = (
        Index("ix_event_attendances_seats", "event_id", "created_at", "id"),
        Index("ix_event_attendances_user_id", "user_id"),
    )

    event_id: ColumnClause[UUID] = Column(ForeignKey(Event.id, ondelete="CASCADE"), primary_key=True)
    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    # What cursors name: the id of a member is nobody else's business.
    id: ColumnClause[UUID]
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
