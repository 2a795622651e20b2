"""The service as the sandbox runs it: the same application, with a clock, ids and a reset around it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app import clock, ids, limits, views
from app.auth import living
from app.contract import BASE_PATH
from app.db import reading, transaction
from app.main import create_app
from app.settings import settings
from app.statistics import service as statistics
from scripts.demo.people import PEOPLE
from scripts.demo_data import PASSWORD
from scripts.sandbox.database import CLOSED, restore, set_clock
from scripts.sandbox.mails import Mails, make_pictures
from scripts.sandbox.world import World

READS = frozenset({"GET", "HEAD", "OPTIONS"})
# Nothing that a client waits for takes longer; what streams for ever must be closed before a reset.
PATIENCE_SECONDS = 5
NEVER = 86_400.0


class OccupiedError(Exception):
    """Somebody stays inside."""


class Door:
    """Requests go in together. Who wants to be alone waits until all are out, and lets nobody in meanwhile."""

    def __init__(self) -> None:
        """Nobody is in."""
        self._inside = 0
        self._alone = asyncio.Lock()
        self._empty = asyncio.Event()
        self._empty.set()

    @asynccontextmanager
    async def together(self) -> AsyncGenerator[None]:
        """Be in with others."""
        async with self._alone:
            self._inside += 1
            self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """Be in without others. Raises OccupiedError when somebody stays."""
        async with self._alone:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._empty.wait()
            except TimeoutError:
                raise OccupiedError from None
            yield


class Sandbox:
    """An ASGI application around the service's own."""

    def __init__(self, app: ASGIApp) -> None:
        """Take over the clock and the ids of this process."""
        self._app = app
        self._world = World()
        self._door = Door()
        self._mails = Mails()
        self._ticking = asyncio.Lock()
        self._own = Starlette(
            routes=[
                Route("/sandbox", self.describe, methods=["GET"]),
                Route("/sandbox/reset", self.reset, methods=["POST"]),
                Route("/sandbox/mails", self.mails, methods=["POST"]),
                Route("/sandbox/pictures", self.pictures, methods=["POST"]),
            ]
        )
        clock.use(self._world.now)
        ids.use(self._world.new_id)
        # They are written before every request instead, so that a read never shows how long ago the last one was.
        views.INTERVAL_SECONDS = NEVER

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif f"{scope['path']}/".startswith("/sandbox/"):
            await self._own(scope, receive, send)
        else:
            async with self._door.together():
                await self._settle(writes=scope["method"] not in READS and scope["path"].startswith(BASE_PATH))
                await self._app(scope, receive, send)

    async def _settle(self, *, writes: bool) -> None:
        """Let everything that earlier requests left undone be done, and move the clock on before a write."""
        async with self._ticking:
            await views.flush()
            if writes:
                moment = self._world.tick()
                async with reading() as connection:
                    await set_clock(connection, moment)

    async def describe(self, _: Request) -> Response:
        """Say what time it is here, and who can log in."""
        accounts = [
            {"username": person.username, "role": person.role, "password": PASSWORD}
            for person in PEOPLE
            if person.username != CLOSED
        ]
        body = {
            "now": self._world.now(),
            "reset": "POST /sandbox/reset",
            "mails": "POST /sandbox/mails",
            "pictures": "POST /sandbox/pictures",
            "accounts": accounts,
            "closed": CLOSED,
        }
        return Response(orjson.dumps(body), media_type="application/json")

    async def mails(self, _: Request) -> Response:
        """Send the mails that wait, and answer all since the last reset: links and their tokens are in them."""
        async with self._door.together():
            await self._settle(writes=True)
            return Response(orjson.dumps({"items": await self._mails.send()}), media_type="application/json")

    async def pictures(self, _: Request) -> Response:
        """Make the thumbnails and variants that wait, as a worker would; there is none here."""
        async with self._door.together():
            await self._settle(writes=True)
            await make_pictures()
            return Response(status_code=204)

    async def reset(self, _: Request) -> Response:
        """Begin again: rows, clock and ids are those of the seed, when all requests under way are answered."""
        try:
            async with self._door.alone():
                await views.flush()
                async with transaction() as connection:
                    await restore(connection)
                self._world.reset()
                self._mails = Mails()
                limits.in_force().clear()
                living.forget()
                statistics.forget()
        except OccupiedError:
            return Response("A request is still being answered; close what streams.\n", 503, media_type="text/plain")
        return Response(status_code=204)


def create() -> ASGIApp:
    """Return the sandbox. Raises RuntimeError in production."""
    if settings().environment == "production":
        raise RuntimeError("ENVIRONMENT: the sandbox is not for production.")
    return Sandbox(create_app())
