"""Comments and their likes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.posts.tables import Post
from app.sql import Table
from app.users.tables import User


class Comment(Table):
    """A comment on a post or an answer to one; `root_id` is the top-level comment it stands under, itself included."""

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint("depth BETWEEN 1 AND 5", name="depth"),
        CheckConstraint("author_id IS NOT NULL OR deleted_at IS NOT NULL", name="author"),
        Index(
            "ix_comments_top_level",
            "post_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("depth = 1"),
        ),
        Index("ix_comments_flat", "post_id", text("created_at DESC"), text("id DESC")),
        Index("ix_comments_root_id", "root_id"),
        Index("ix_comments_parent_id", "parent_id"),
        Index("ix_comments_author_id", "author_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    post_id: Mapped[UUID] = mapped_column(ForeignKey(Post.id, ondelete="CASCADE"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    root_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    depth: Mapped[int]
    # None where the member has gone since, of which the check makes sure that nothing but the place is left.
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    content: Mapped[str]
    likes: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")
    # A comment with answers that is deleted stays as a tombstone: its place remains, its text is gone.
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CommentLike(Table):
    """A member likes a comment."""

    __tablename__ = "comment_likes"
    __table_args__ = (Index("ix_comment_likes_user_id", "user_id"),)

    comment_id: Mapped[UUID] = mapped_column(ForeignKey(Comment.id, ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
