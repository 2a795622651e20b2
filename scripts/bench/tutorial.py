"""The common way: FastAPI with an ORM session by dependency, relationships and response models.

Written as the well-known tutorials write it, and no worse: async engine, eager loading, no exact count on
lists, engine and server at their defaults. It answers the same members out of the same tables as the service.
"""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException, Query, status
from fastapi.security import OAuth2PasswordBearer
from jose import JWTError, jwt
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ForeignKey, Text, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

SECRET_KEY = os.environ.get("SECRET_KEY", "a secret of the benchmark and of nothing else")
ALGORITHM = "HS256"
ACCESS_TOKEN_EXPIRE_MINUTES = 30
# DATABASE_URL as asyncpg takes it; SQLAlchemy wants the driver's name in the scheme.
DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql://").replace("postgresql://", "postgresql+asyncpg://", 1)

engine = create_async_engine(DATABASE_URL)
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str]
    email: Mapped[str]
    full_name: Mapped[str | None]
    avatar_url: Mapped[str | None]
    is_active: Mapped[bool]
    posts: Mapped[list["Post"]] = relationship(back_populates="author")
    comments: Mapped[list["Comment"]] = relationship(back_populates="author")


class Post(Base):
    __tablename__ = "posts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    slug: Mapped[str]
    content: Mapped[str]
    excerpt: Mapped[str | None]
    status: Mapped[str]
    featured: Mapped[bool]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    category_id: Mapped[UUID | None]
    featured_image_id: Mapped[UUID | None]
    views: Mapped[int]
    likes: Mapped[int]
    comment_count: Mapped[int]
    version: Mapped[int]
    published_at: Mapped[datetime | None]
    publish_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    sort_at: Mapped[datetime]
    author: Mapped[User] = relationship(back_populates="posts")
    comments: Mapped[list["Comment"]] = relationship(back_populates="post")


class Comment(Base):
    __tablename__ = "comments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id"))
    parent_id: Mapped[UUID | None]
    root_id: Mapped[UUID]
    depth: Mapped[int] = mapped_column(default=1)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    content: Mapped[str]
    status: Mapped[str] = mapped_column(default="approved")
    likes: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    post: Mapped[Post] = relationship(back_populates="comments")
    author: Mapped[User] = relationship(back_populates="comments")


class AuthorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    username: str
    full_name: str | None
    avatar_url: str | None


class PostSummaryOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    slug: str
    excerpt: str | None
    status: str
    featured: bool
    tags: list[str]
    category_id: UUID | None
    featured_image_id: UUID | None
    # No post of the benchmark has one.
    featured_image: str | None = None
    author: AuthorOut
    views: int
    likes: int
    comment_count: int
    version: int
    published_at: datetime | None
    publish_at: datetime | None
    created_at: datetime
    updated_at: datetime


class PostOut(PostSummaryOut):
    content: str


class PageOut(BaseModel):
    size: int
    has_next: bool
    has_previous: bool
    next_cursor: str | None = None
    previous_cursor: str | None = None


class PostPageOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    items: list[PostSummaryOut]
    page: PageOut


class CommentIn(BaseModel):
    content: str = Field(min_length=5, max_length=1000)


class CommentOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    post_id: UUID
    parent_id: UUID | None
    depth: int
    content: str
    author: AuthorOut
    is_deleted: bool = False
    status: str
    mentions: list[str] = []
    likes: int
    reply_count: int = 0
    version: int
    created_at: datetime
    updated_at: datetime


def create_access_token(username: str) -> str:
    expire = datetime.now(UTC) + timedelta(minutes=ACCESS_TOKEN_EXPIRE_MINUTES)
    return jwt.encode({"sub": username, "exp": expire}, SECRET_KEY, algorithm=ALGORITHM)


async def get_db() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as session:
        yield session


async def get_current_user(
    token: Annotated[str, Depends(oauth2_scheme)], db: Annotated[AsyncSession, Depends(get_db)]
) -> User:
    credentials_exception = HTTPException(
        status_code=status.HTTP_401_UNAUTHORIZED,
        detail="Could not validate credentials",
        headers={"WWW-Authenticate": "Bearer"},
    )
    try:
        payload = jwt.decode(token, SECRET_KEY, algorithms=[ALGORITHM])
    except JWTError as error:
        raise credentials_exception from error
    result = await db.execute(select(User).where(User.username == payload.get("sub")))
    user = result.scalar_one_or_none()
    if user is None or not user.is_active:
        raise credentials_exception
    return user


app = FastAPI()


@app.get("/api/v1/posts", response_model=PostPageOut)
async def list_posts(
    db: Annotated[AsyncSession, Depends(get_db)],
    skip: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Any:
    result = await db.execute(
        select(Post)
        .where(Post.status == "published")
        .options(selectinload(Post.author))
        .order_by(Post.sort_at.desc(), Post.id.desc())
        .offset(skip)
        .limit(limit)
    )
    posts = result.scalars().all()
    return {
        "items": posts,
        "page": {"size": len(posts), "has_next": len(posts) == limit, "has_previous": skip > 0},
    }


@app.get("/api/v1/posts/{post_id}", response_model=PostOut)
async def get_post(post_id: UUID, db: Annotated[AsyncSession, Depends(get_db)]) -> Any:
    result = await db.execute(select(Post).where(Post.id == post_id).options(selectinload(Post.author)))
    post = result.scalar_one_or_none()
    if post is None or post.status != "published":
        raise HTTPException(status_code=404, detail="Post not found")
    return post


@app.post("/api/v1/posts/{post_id}/comments", response_model=CommentOut, status_code=status.HTTP_201_CREATED)
async def create_comment(
    post_id: UUID,
    comment_in: CommentIn,
    db: Annotated[AsyncSession, Depends(get_db)],
    current_user: Annotated[User, Depends(get_current_user)],
) -> Any:
    post = await db.get(Post, post_id)
    if post is None or post.status != "published":
        raise HTTPException(status_code=404, detail="Post not found")
    comment_id = uuid4()
    comment = Comment(
        **comment_in.model_dump(), id=comment_id, root_id=comment_id, post_id=post_id, author=current_user
    )
    db.add(comment)
    post.comment_count = Post.comment_count + 1
    await db.commit()
    await db.refresh(comment)
    return comment
