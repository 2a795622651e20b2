"""The HTTP client of the tests, which holds every answer against the contract."""

from collections.abc import Mapping

import httpx2
from starlette.types import ASGIApp

from tests.contract.seen import note
from tests.contract.validation import exchange_of, judge


async def check(response: httpx2.Response) -> None:
    """Raise ContractBroken when the answer is not what the contract says, else remember that it was seen."""
    body = await response.aread()
    request = response.request
    exchange = exchange_of(
        request.method, request.url.raw_path, response.status_code, response.headers.multi_items(), body
    )
    operation = judge().judge(exchange)
    if operation is not None:
        note(operation.name, response.status_code)


def checked_client(
    app: ASGIApp, base_url: str, headers: Mapping[str, str] | None = None, *, raise_app_exceptions: bool = True
) -> httpx2.AsyncClient:
    """Return a client that speaks with the application in this process; close it after use."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app, raise_app_exceptions=raise_app_exceptions),
        base_url=base_url,
        headers=headers,
        event_hooks={"response": [check]},
    )
