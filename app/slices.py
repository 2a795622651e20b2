"""The slices, each named once: what they serve, and what they do beside answering."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.routing import BaseRoute

from app import sitemap, views
from app.access import Principal
from app.accounts.first import make_first_admin
from app.audit import handlers as audit
from app.auth import handlers as auth
from app.categories import handlers as categories
from app.comments import handlers as comments
from app.events import handlers as events
from app.feeds import handlers as feeds
from app.items import handlers as items
from app.jobs import handlers as jobs
from app.mail import handlers as mail
from app.mail import transport
from app.media import handlers as media
from app.media import spool
from app.messages import handlers as messages
from app.notifications import handlers as notifications
from app.posts import handlers as posts
from app.search import handlers as search
from app.sql import Connection
from app.statistics import handlers as statistics
from app.tags import handlers as tags
from app.users import handlers as users
from generated.server import Services

HANDLERS = (
    audit,
    auth,
    categories,
    comments,
    events,
    feeds,
    items,
    jobs,
    mail,
    media,
    messages,
    notifications,
    posts,
    search,
    statistics,
    tags,
    users,
)


def services() -> Services[Principal]:
    """Return what serves each tag; a module whose functions do not fit its Protocol fails the type check."""
    return Services(
        auth=auth,
        users=users,
        posts=posts,
        comments=comments,
        messages=messages,
        tags=tags,
        categories=categories,
        audit=audit,
        events=events,
        feeds=feeds,
        items=items,
        jobs=jobs,
        mail=mail,
        notifications=notifications,
        media=media,
        search=search,
        statistics=statistics,
    )


def pages() -> list[BaseRoute]:
    """Return what the slices serve outside of the base path."""
    return sitemap.routes()


async def before_serving(connection: Connection) -> None:
    """Let the slices make what has to be there, once, while no other service starts on the same database."""
    transport.announce()
    # What requests were receiving when the service was killed.
    await asyncio.to_thread(spool.clear)
    await make_first_admin(connection)


@asynccontextmanager
async def at_work() -> AsyncGenerator[None]:
    """Let the slices do, while the service serves, what no request waits for."""
    async with views.written_regularly():
        yield
