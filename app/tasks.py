"""What the slices do in the background: each module of tasks, named once. Workers import this, the service does not."""

from collections.abc import Collection

from app.auth import tasks as auth
from app.domain_events import tasks as domain_events
from app.jobs import registry
from app.jobs import tasks as jobs
from app.jobs.registry import Kind
from app.mail import tasks as mail
from app.media import tasks as media
from app.notifications import tasks as notifications
from app.posts import tasks as posts
from app.words import tasks as words

# Importing them registers their tasks.
TASKS = (auth, domain_events, jobs, mail, media, notifications, posts, words)


def kinds() -> Collection[Kind]:
    """Return every kind of jobs that this version of the service can do."""
    return registry.kinds().values()
