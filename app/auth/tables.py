"""Sessions, the refresh tokens that belong to them, keys, and what is known of attempts to open a session."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.sql import Table
from app.users.tables import User


class Session(Table):
    """A login. Every token names its session, so that revoking the session revokes them all at once."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_user_id", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_agent: Mapped[str | None]
    address: Mapped[str | None]


class RefreshToken(Table):
    """A refresh token by its `jti`. It is spent once; the tokens of one session are one family."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index("ix_refresh_tokens_session_id", "session_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey(Session.id, ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]


class ApiKey(Table):
    """A key of a program; of the whole key there is a SHA-256."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_user_id", "user_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    name: Mapped[str]
    prefix: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class LoginAttempts(Table):
    """How often a name was tried from a place, and failed; `key` is a digest of both."""

    __tablename__ = "login_attempts"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    # Those that are being looked at are tried, and have not failed yet.
    tried: Mapped[int]
    failed: Mapped[int]
    open_until: Mapped[datetime]
    forget_at: Mapped[datetime] = mapped_column(index=True)


class KnownNetwork(Table):
    """Where a member has logged in from: an IPv4 address or an IPv6 network."""

    __tablename__ = "known_networks"

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class MailedLink(Table):
    """The newest link of its purpose that was mailed to a member; its token is kept nowhere (app/auth/links.py)."""

    __tablename__ = "mailed_links"
    __table_args__ = (
        CheckConstraint("purpose IN ('email_verification', 'password_reset')", name="purpose"),
        Index("uq_mailed_links_id", "id", unique=True),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    # The id of the job that mails it, so that doing the job again makes the same link.
    id: Mapped[UUID]
    # Where it was sent; to an account that has another address by now it opens nothing.
    email: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
