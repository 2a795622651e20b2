"""Which readings of posts count."""

from app.posts.tables import Post
from app.views import Views
from generated import models

_VIEWS = Views(Post)


def count(post: models.Post) -> None:
    """Count a view of a published post; authors and moderators who look at others do not count."""
    if post.status is models.PostStatus.published:
        _VIEWS.count(post.id)
