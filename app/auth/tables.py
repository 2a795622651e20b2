"""Sessions, the refresh tokens that belong to them, keys, and what is known of attempts to open a session."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ColumnClause, ForeignKey, Index, LargeBinary, func

from app.sql import Table
from app.users.tables import User


class Session(Table):
    """A login. Every token names its session, so that revoking the session revokes them all at once."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_user_id", "user_id"),)

    id: ColumnClause[UUID] = Column(primary_key=True)
    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"))
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    expires_at: ColumnClause[datetime]
    revoked_at: ColumnClause[datetime | None]
    last_used_at: ColumnClause[datetime] = Column(server_default=func.now())
    user_agent: ColumnClause[str | None]
    address: ColumnClause[str | None]


class RefreshToken(Table):
    """A refresh token by its `jti`. It is spent once; the tokens of one session are one family."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index("ix_refresh_tokens_session_id", "session_id"),)

    id: ColumnClause[UUID] = Column(primary_key=True)
    session_id: ColumnClause[UUID] = Column(ForeignKey(Session.id, ondelete="CASCADE"))
    expires_at: ColumnClause[datetime]
    spent_at: ColumnClause[datetime | None]


class ApiKey(Table):
    """A key of a program; of the whole key there is a SHA-256."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_user_id", "user_id", "created_at", "id"),)

    id: ColumnClause[UUID] = Column(primary_key=True)
    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"))
    name: ColumnClause[str]
    prefix: ColumnClause[str]
    secret_hash: ColumnClause[bytes] = Column(LargeBinary, unique=True)
    scopes: ColumnClause[list[str]]
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    expires_at: ColumnClause[datetime | None]
    last_used_at: ColumnClause[datetime | None]


class LoginAttempts(Table):
    """How often a name was tried from a place, and failed; `key` is a digest of both."""

    __tablename__ = "login_attempts"

    key: ColumnClause[bytes] = Column(LargeBinary, primary_key=True)
    # Those that are being looked at are tried, and have not failed yet.
    tried: ColumnClause[int]
    failed: ColumnClause[int]
    open_until: ColumnClause[datetime]
    forget_at: ColumnClause[datetime] = Column(index=True)


class KnownNetwork(Table):
    """Where a member has logged in from: an IPv4 address or an IPv6 network."""

    __tablename__ = "known_networks"

    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    network: ColumnClause[str] = Column(primary_key=True)
    seen_at: ColumnClause[datetime] = Column(server_default=func.now(), index=True)


class MailedLink(Table):
    """The newest link of its purpose that was mailed to a member; its token is kept nowhere (app/auth/links.py)."""

    __tablename__ = "mailed_links"
    __table_args__ = (
        CheckConstraint("purpose IN ('email_verification', 'password_reset')", name="purpose"),
        Index("uq_mailed_links_id", "id", unique=True),
    )

    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    purpose: ColumnClause[str] = Column(primary_key=True)
    # The id of the job that mails it, so that doing the job again makes the same link.
    id: ColumnClause[UUID]
    # Where it was sent; to an account that has another address by now it opens nothing.
    email: ColumnClause[str]
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    expires_at: ColumnClause[datetime]
    used_at: ColumnClause[datetime | None]
