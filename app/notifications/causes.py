"""What is read of the tables of those slices that notify; they import this one, and so it does not import them."""

from sqlalchemy import DateTime, Integer, Text, Uuid, column, table

POSTS = table(
    "posts",
    column("id", Uuid()),
    column("author_id", Uuid()),
    column("title", Text()),
    column("status", Text()),
    column("likes", Integer()),
)
COMMENTS = table(
    "comments",
    column("id", Uuid()),
    column("post_id", Uuid()),
    column("parent_id", Uuid()),
    column("author_id", Uuid()),
    column("content", Text()),
    column("status", Text()),
    column("likes", Integer()),
    column("deleted_at", DateTime(timezone=True)),
)
POST_LIKES = table("post_likes", column("post_id", Uuid()), column("user_id", Uuid()))
COMMENT_LIKES = table("comment_likes", column("comment_id", Uuid()), column("user_id", Uuid()))
MENTIONS = table(
    "comment_mentions",
    column("comment_id", Uuid()),
    column("user_id", Uuid()),
    column("created_at", DateTime(timezone=True)),
)
