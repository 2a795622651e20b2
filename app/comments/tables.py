"""Comments, their likes, whom they mention, and what members report of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ColumnClause, ForeignKey, Index, func, text

from app.posts.tables import Post
from app.sql import Table
from app.users.tables import User


class Comment(Table):
    """A comment on a post or an answer to one; `root_id` is the top-level comment it stands under, itself included."""

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint("depth BETWEEN 1 AND 5", name="depth"),
        CheckConstraint("author_id IS NOT NULL OR deleted_at IS NOT NULL", name="author"),
        CheckConstraint("status IN ('approved', 'pending', 'rejected')", name="status"),
        # What everybody may read stands where everybody looks.
        CheckConstraint("is_public OR status <> 'approved' OR deleted_at IS NOT NULL", name="is_public"),
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
        Index(
            "ix_comments_waiting",
            "created_at",
            "id",
            postgresql_where=text("deleted_at IS NULL AND (status = 'pending' OR report_count > 0)"),
        ),
        Index(
            "ix_comments_rejected",
            "created_at",
            "id",
            postgresql_where=text("deleted_at IS NULL AND status = 'rejected'"),
        ),
    )

    id: ColumnClause[UUID] = Column(primary_key=True)
    post_id: ColumnClause[UUID] = Column(ForeignKey(Post.id, ondelete="CASCADE"))
    parent_id: ColumnClause[UUID | None] = Column(ForeignKey("comments.id", ondelete="CASCADE"))
    root_id: ColumnClause[UUID] = Column(ForeignKey("comments.id", ondelete="CASCADE"))
    depth: ColumnClause[int]
    # None where the member has gone since, of which the check makes sure that nothing but the place is left.
    author_id: ColumnClause[UUID | None] = Column(ForeignKey(User.id, ondelete="SET NULL"))
    content: ColumnClause[str]
    likes: ColumnClause[int] = Column(server_default="0")
    version: ColumnClause[int] = Column(server_default="1")
    # A comment with answers that is deleted stays as a tombstone: its place remains, its text is gone.
    deleted_at: ColumnClause[datetime | None]
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    updated_at: ColumnClause[datetime] = Column(server_default=func.now())
    status: ColumnClause[str] = Column(server_default="approved")
    # Whether it has a place in what everybody sees: it is approved and not deleted, or something below it is.
    is_public: ColumnClause[bool] = Column(server_default="true")
    # Reports that no moderator has decided on yet.
    report_count: ColumnClause[int] = Column(server_default="0")


class CommentLike(Table):
    """A member likes a comment."""

    __tablename__ = "comment_likes"
    __table_args__ = (Index("ix_comment_likes_user_id", "user_id"),)

    comment_id: ColumnClause[UUID] = Column(ForeignKey(Comment.id, ondelete="CASCADE"), primary_key=True)
    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    created_at: ColumnClause[datetime] = Column(server_default=func.now())


class CommentMention(Table):
    """A comment mentions a member."""

    __tablename__ = "comment_mentions"
    __table_args__ = (Index("ix_comment_mentions_user_id", "user_id"),)

    comment_id: ColumnClause[UUID] = Column(ForeignKey(Comment.id, ondelete="CASCADE"), primary_key=True)
    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    created_at: ColumnClause[datetime] = Column(server_default=func.now())


class CommentReport(Table):
    """A member has told moderators what is wrong with a comment; it stays, so that nobody does so twice."""

    __tablename__ = "comment_reports"
    __table_args__ = (
        CheckConstraint("reason IN ('spam', 'abuse', 'off_topic', 'illegal', 'other')", name="reason"),
        Index("ix_comment_reports_user_id", "user_id"),
    )

    comment_id: ColumnClause[UUID] = Column(ForeignKey(Comment.id, ondelete="CASCADE"), primary_key=True)
    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    reason: ColumnClause[str]
    text: ColumnClause[str | None]
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    # When a moderator decided on the comment after this.
    settled_at: ColumnClause[datetime | None]
