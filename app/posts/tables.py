"""Posts, their slugs, likes and revisions, and what is to become posts."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnClause,
    ColumnElement,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from app.categories.tables import Categorised, Category
from app.jobs.tables import Job
from app.media.tables import Media, Showing
from app.sql import Table
from app.tags.tables import Tagged
from app.users.tables import User
from app.views import Viewed

_SEARCH = (
    "setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', coalesce(excerpt, '')), 'B') "
    # PostgreSQL refuses a tsvector over 1 MB; what is cut off is the tail of a very long post.
    "|| to_tsvector('english', left(content, 100000))"
)


class Post(Showing, Tagged, Categorised, Viewed, Table):
    """A post. Its lists are read in the order of an index, newest first, so that no page is sorted at request time."""

    __tablename__ = "posts"
    listed = "published"
    counter = "post_count"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'scheduled', 'published', 'archived')", name="status"),
        CheckConstraint("(status = 'scheduled') = (publish_at IS NOT NULL)", name="schedule"),
        Index(
            "ix_posts_published",
            text("sort_at DESC"),
            text("id DESC"),
            postgresql_where=text("status = 'published'"),
        ),
        Index(
            "ix_posts_created",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("status = 'published'"),
        ),
        Index("ix_posts_title", "title", "id", postgresql_where=text("status = 'published'")),
        Index("ix_posts_author", "author_id", text("sort_at DESC"), text("id DESC")),
        Index(
            "ix_posts_unpublished",
            text("sort_at DESC"),
            text("id DESC"),
            postgresql_where=text("status <> 'published'"),
        ),
        Index("ix_posts_scheduled", "publish_at", postgresql_where=text("publish_at IS NOT NULL")),
        Index(
            "ix_posts_category",
            "category_id",
            text("sort_at DESC"),
            text("id DESC"),
            postgresql_where=text("category_id IS NOT NULL"),
        ),
        Index(
            "ix_posts_sitemap",
            "id",
            postgresql_include=["version", "updated_at"],
            postgresql_where=text("status = 'published'"),
        ),
        Index(
            "uq_posts_external_id",
            "author_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index(
            "ix_posts_featured_image",
            "featured_image_id",
            postgresql_where=text("featured_image_id IS NOT NULL"),
        ),
        Index("ix_posts_tags", "tags", postgresql_using="gin"),
        Index("ix_posts_search", "search", postgresql_using="gin"),
    )

    author_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"))
    title: ColumnClause[str]
    slug: ColumnClause[str]
    content: ColumnClause[str]
    excerpt: ColumnClause[str | None]
    featured: ColumnClause[bool] = Column(server_default="false")
    featured_image_id: ColumnClause[UUID | None] = Column(ForeignKey(Media.id, ondelete="SET NULL"))
    likes: ColumnClause[int] = Column(server_default="0")
    comment_count: ColumnClause[int] = Column(server_default="0")
    published_at: ColumnClause[datetime | None]
    publish_at: ColumnClause[datetime | None]
    # What will publish it. No foreign key: jobs are forgotten a month after their end, whoever still names them.
    publication_job_id: ColumnClause[UUID | None]
    # What the place calls it that it was imported from, so that it is not imported again.
    external_id: ColumnClause[str | None]
    created_at: ColumnClause[datetime] = Column(server_default=func.now())
    updated_at: ColumnClause[datetime] = Column(server_default=func.now())
    sort_at: ColumnClause[datetime] = Column(Computed("coalesce(published_at, created_at)", persisted=True))
    search: ColumnClause[Any] = Column(TSVECTOR, Computed(_SEARCH, persisted=True))
    without: ClassVar[dict[str, None]] = {"featured_image_id": None}

    @classmethod
    def shows(cls, media_id: Any) -> ColumnElement[bool]:
        """Everybody sees its featured image as long as it is published."""
        return (cls.featured_image_id == media_id) & (cls.status == cls.listed)

    @classmethod
    def shown_on(cls, media_id: Any) -> tuple[Any, ColumnElement[bool]]:
        """A post, and others."""
        return cls, cls.featured_image_id == media_id


class PostSlug(Table):
    """Every slug a post has or had. The primary key is what makes slugs unique, and old ones lead to their post."""

    __tablename__ = "post_slugs"
    __table_args__ = (Index("ix_post_slugs_post_id", "post_id"),)

    slug: ColumnClause[str] = Column(primary_key=True)
    # Checked at commit, because the slug is taken before the post that carries it is written.
    post_id: ColumnClause[UUID] = Column(ForeignKey(Post.id, ondelete="CASCADE", deferrable=True, initially="DEFERRED"))


class PostLike(Table):
    """A member likes a post."""

    __tablename__ = "post_likes"
    __table_args__ = (Index("ix_post_likes_user_id", "user_id"),)

    post_id: ColumnClause[UUID] = Column(ForeignKey(Post.id, ondelete="CASCADE"), primary_key=True)
    user_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    created_at: ColumnClause[datetime] = Column(server_default=func.now())


class PostRevision(Table):
    """What a post was after a change. A post that was never changed has none: it is its own first revision."""

    __tablename__ = "post_revisions"
    __table_args__ = (
        Index("ix_post_revisions_category_id", "category_id", postgresql_where=text("category_id IS NOT NULL")),
        Index("ix_post_revisions_editor_id", "editor_id"),
    )

    post_id: ColumnClause[UUID] = Column(ForeignKey(Post.id, ondelete="CASCADE"), primary_key=True)
    number: ColumnClause[int] = Column(primary_key=True, autoincrement=False)
    title: ColumnClause[str]
    content: ColumnClause[str]
    excerpt: ColumnClause[str | None]
    tags: ColumnClause[list[str]]
    category_id: ColumnClause[UUID | None] = Column(ForeignKey(Category.id, ondelete="SET NULL"))
    editor_id: ColumnClause[UUID | None] = Column(ForeignKey(User.id, ondelete="SET NULL"))
    restored_from: ColumnClause[int | None]
    created_at: ColumnClause[datetime] = Column(server_default=func.now())


class PostImport(Table):
    """A file of posts that is being received or imported, and how far that is."""

    __tablename__ = "post_imports"
    __table_args__ = (
        CheckConstraint("mode IN ('all_or_nothing', 'valid_lines')", name="mode"),
        Index("ix_post_imports_author_id", "author_id"),
        Index("uq_post_imports_job_id", "job_id", unique=True),
        Index("ix_post_imports_created_at", "created_at"),
    )

    id: ColumnClause[UUID] = Column(primary_key=True)
    author_id: ColumnClause[UUID] = Column(ForeignKey(User.id, ondelete="CASCADE"))
    mode: ColumnClause[str]
    # None until the whole of it has come.
    job_id: ColumnClause[UUID | None] = Column(ForeignKey(Job.id, ondelete="CASCADE"))
    lines: ColumnClause[int] = Column(server_default="0")
    # What has come of its lines so far; written in the transaction in which that came of them.
    report: ColumnClause[dict[str, Any] | None]
    created_at: ColumnClause[datetime] = Column(server_default=func.now())


class PostImportPiece(Table):
    """Some bytes of such a file, in the order in which they came; a line may begin in one and end in another."""

    __tablename__ = "post_import_pieces"

    import_id: ColumnClause[UUID] = Column(ForeignKey(PostImport.id, ondelete="CASCADE"), primary_key=True)
    number: ColumnClause[int] = Column(primary_key=True, autoincrement=False)
    content: ColumnClause[bytes] = Column(LargeBinary)
