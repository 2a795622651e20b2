"""The HTTP client of the tests, which holds every answer against the contract."""

import json
from collections.abc import Mapping

import httpx2
from starlette.types import ASGIApp

from tests.contract import codes
from tests.contract.seen import note
from tests.contract.validation import exchange_of, judge


def checked(response: httpx2.Response) -> httpx2.Response:
    """Return the answer, and remember that it was seen. Raises ContractBroken when it is not what the contract says."""
    request = response.request
    exchange = exchange_of(
        request.method,
        request.url.raw_path,
        response.status_code,
        response.headers.multi_items(),
        response.content,
    )
    operation = judge().judge(exchange)
    if operation is not None:
        note(operation.name, response.status_code)
        if response.is_error and response.content:
            codes.note(operation.name, response.status_code, json.loads(response.content)["code"])
    return response


async def _check(response: httpx2.Response) -> None:
    await response.aread()
    checked(response)


def checked_client(
    app: ASGIApp, base_url: str, headers: Mapping[str, str] | None = None, *, raise_app_exceptions: bool = True
) -> httpx2.AsyncClient:
    """Return a client that speaks with the application in this process; close it after use."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app, raise_app_exceptions=raise_app_exceptions),
        base_url=base_url,
        headers=headers,
        event_hooks={"response": [_check]},
    )
