"""Members."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ColumnClause, Index, func, text

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

    id: ColumnClause[UUID] = Column(primary_key=True)
    username: ColumnClause[str]
    # Stored lower case, so that a plain unique index compares as people do.
    email: ColumnClause[str]
    password_hash: ColumnClause[str]
    full_name: ColumnClause[str | None]
    bio: ColumnClause[str | None]
    website: ColumnClause[str | None]
    phone: ColumnClause[str | None]
    avatar_url: ColumnClause[str | None]
    role: ColumnClause[str] = Column(server_default="user")
    is_active: ColumnClause[bool] = Column(server_default="true")
    email_verified: ColumnClause[bool] = Column(server_default="false")
    # Published posts, kept by the statements that publish, withdraw and delete.
    post_count: ColumnClause[int] = Column(server_default="0")
    version: ColumnClause[int] = Column(server_default="1")
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    updated_at: ColumnClause[datetime] = Column(server_default=func.now())
