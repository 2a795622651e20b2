"""Members."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.sql import Table


class User(Table):
    """An account; its public part is the profile."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('user', 'manager', 'moderator', 'admin')", name="role"),
        Index("uq_users_username", text("lower(username)"), unique=True),
        Index("uq_users_email", "email", unique=True),
        Index("ix_users_created", "created_at", "id"),
        Index(
            "ix_users_trigrams",
            "username",
            "full_name",
            postgresql_using="gin",
            postgresql_ops={"username": "gin_trgm_ops", "full_name": "gin_trgm_ops"},
            postgresql_where=text("is_active"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str]
    # Stored lower case, so that a plain unique index compares as people do.
    email: Mapped[str]
    password_hash: Mapped[str]
    full_name: Mapped[str | None]
    bio: Mapped[str | None]
    website: Mapped[str | None]
    phone: Mapped[str | None]
    avatar_url: Mapped[str | None]
    role: Mapped[str] = mapped_column(server_default="user")
    is_active: Mapped[bool] = mapped_column(server_default="true")
    email_verified: Mapped[bool] = mapped_column(server_default="false")
    # Published posts, kept by the statements that publish, withdraw and delete.
    post_count: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
