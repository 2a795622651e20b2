"""The stories: each begins at the seed, and every operation is told in one of them.

A story is a function that sends requests one after the other. Its name is that of the contract's tag.
"""

from collections.abc import Callable

from scripts.examples.stories.audit import audit
from scripts.examples.stories.auth import auth, recovery
from scripts.examples.stories.batches import batches
from scripts.examples.stories.categories import categories
from scripts.examples.stories.comments import comments
from scripts.examples.stories.events import events
from scripts.examples.stories.feeds import feeds
from scripts.examples.stories.items import items
from scripts.examples.stories.jobs import jobs
from scripts.examples.stories.mail import mail
from scripts.examples.stories.media import media, refused_media
from scripts.examples.stories.messages import messages
from scripts.examples.stories.notifications import notifications
from scripts.examples.stories.posts import posts, refusals
from scripts.examples.stories.search import search
from scripts.examples.stories.statistics import statistics
from scripts.examples.stories.tags import tags
from scripts.examples.stories.users import administration, users
from scripts.examples.teller import Exchange, Teller

STORIES: tuple[Callable[[Teller], None], ...] = (
    auth,
    users,
    administration,
    posts,
    refusals,
    batches,
    feeds,
    comments,
    messages,
    tags,
    categories,
    events,
    items,
    audit,
    jobs,
    recovery,
    mail,
    notifications,
    search,
    statistics,
    media,
    refused_media,
)
# Kinds of problems that no story can show, each with the reason.
UNTOLD = {
    "quota_exceeded": "It takes more files than anybody wants to read of.",
    "conflict": "It takes two requests that meet between two statements.",
    "idempotency_in_progress": "It takes two requests with one key at the same time.",
    "room_full": "It takes a thousand members.",
    "too_many_invitations": "It takes a hundred members to invite.",
    "method_not_allowed": "It is the answer to what is no operation.",
    "internal_error": "It would be a mistake of ours.",
    "service_unavailable": "The sandbox would have to lose its database.",
}


def tell(address: str) -> list[Exchange]:
    """Tell all stories to the sandbox at this address. Raises StoryError."""
    with Teller(address) as teller:
        for story in STORIES:
            teller.reset()
            story(teller)
        return teller.exchanges
