"""The HTTP client of the tests, which holds every answer against the contract."""

from collections.abc import Mapping
from itertools import count

import httpx2
from starlette.types import ASGIApp

from scripts.coverage.exchange import Exchange, pairs
from tests.contract.seen import note
from tests.contract.validation import exchange_of, judge


def checked(response: httpx2.Response, *, record: bool = True) -> httpx2.Response:
    """Return the answer, and remember that it was seen. Raises ContractBroken when it is not what the contract says."""
    request = response.request
    headers = response.headers.multi_items()
    judge().judge(exchange_of(request.method, request.url.raw_path, response.status_code, headers, response.content))
    if record:
        note(
            Exchange(
                request.method,
                request.url.raw_path.decode("ascii"),
                pairs(request.headers.multi_items()),
                _content(request),
                response.status_code,
                pairs(headers),
                response.content,
            )
        )
    return response


def _content(request: httpx2.Request) -> bytes:
    try:
        return request.content
    except httpx2.RequestNotRead:
        # It was sent in pieces that nobody kept.
        return b""


async def _keep(request: httpx2.Request) -> None:
    """Keep a multipart body, which is sent in pieces otherwise."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        await request.aread()


def checked_client(  # noqa: PLR0913 - A client has these sides.
    app: ASGIApp,
    base_url: str,
    headers: Mapping[str, str] | None = None,
    *,
    raise_app_exceptions: bool = True,
    record: bool = True,
    every: int = 1,
    address: str = "127.0.0.1",
) -> httpx2.AsyncClient:
    """Return a client at this address that speaks with the application in this process; close it after use.

    What it sees counts as seen of the service, unless `record` is false because faults are planted there. Where the
    same is asked thousands of times, one of `every` so many answers is checked.
    """
    numbers = count()

    async def check(response: httpx2.Response) -> None:
        await response.aread()
        if next(numbers) % every == 0:
            checked(response, record=record)

    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app, raise_app_exceptions=raise_app_exceptions, client=(address, 50_000)),
        base_url=base_url,
        headers=headers,
        event_hooks={"request": [_keep], "response": [check]},
    )
