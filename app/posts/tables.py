"""Posts, their slugs, likes and revisions, and what is to become posts."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Computed, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

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

    author_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    title: Mapped[str]
    slug: Mapped[str]
    content: Mapped[str]
    excerpt: Mapped[str | None]
    featured: Mapped[bool] = mapped_column(server_default="false")
    featured_image_id: Mapped[UUID | None] = mapped_column(ForeignKey(Media.id, ondelete="SET NULL"))
    likes: Mapped[int] = mapped_column(server_default="0")
    comment_count: Mapped[int] = mapped_column(server_default="0")
    published_at: Mapped[datetime | None]
    publish_at: Mapped[datetime | None]
    # What will publish it. No foreign key: jobs are forgotten a month after their end, whoever still names them.
    publication_job_id: Mapped[UUID | None]
    # What the place calls it that it was imported from, so that it is not imported again.
    external_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sort_at: Mapped[datetime] = mapped_column(Computed("coalesce(published_at, created_at)", persisted=True))
    search: Mapped[Any] = mapped_column(TSVECTOR, Computed(_SEARCH, persisted=True))
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

    slug: Mapped[str] = mapped_column(primary_key=True)
    # Checked at commit, because the slug is taken before the post that carries it is written.
    post_id: Mapped[UUID] = mapped_column(
        ForeignKey(Post.id, ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    )


class PostLike(Table):
    """A member likes a post."""

    __tablename__ = "post_likes"
    __table_args__ = (Index("ix_post_likes_user_id", "user_id"),)

    post_id: Mapped[UUID] = mapped_column(ForeignKey(Post.id, ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PostRevision(Table):
    """What a post was after a change. A post that was never changed has none: it is its own first revision."""

    __tablename__ = "post_revisions"
    __table_args__ = (
        Index("ix_post_revisions_category_id", "category_id", postgresql_where=text("category_id IS NOT NULL")),
        Index("ix_post_revisions_editor_id", "editor_id"),
    )

    post_id: Mapped[UUID] = mapped_column(ForeignKey(Post.id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]
    content: Mapped[str]
    excerpt: Mapped[str | None]
    tags: Mapped[list[str]]
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey(Category.id, ondelete="SET NULL"))
    editor_id: Mapped[UUID | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    restored_from: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PostImport(Table):
    """A file of posts that is being received or imported, and how far that is."""

    __tablename__ = "post_imports"
    __table_args__ = (
        CheckConstraint("mode IN ('all_or_nothing', 'valid_lines')", name="mode"),
        Index("ix_post_imports_author_id", "author_id"),
        Index("uq_post_imports_job_id", "job_id", unique=True),
        Index("ix_post_imports_created_at", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    mode: Mapped[str]
    # None until the whole of it has come.
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey(Job.id, ondelete="CASCADE"))
    lines: Mapped[int] = mapped_column(server_default="0")
    # What has come of its lines so far; written in the transaction in which that came of them.
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PostImportPiece(Table):
    """Some bytes of such a file, in the order in which they came; a line may begin in one and end in another."""

    __tablename__ = "post_import_pieces"

    import_id: Mapped[UUID] = mapped_column(ForeignKey(PostImport.id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
