"""Requests that schemathesis makes of the contract: such as it allows, and such as it does not."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from random import Random
from typing import Any, cast
from urllib.parse import urlsplit

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from requests import RequestException
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from app.contract import BASE_PATH, BUNDLE, Operation
from scripts.contract.case import Case, operation_of
from tests.differential.credentials import let_in
from tests.differential.raw import Raw

_WHERE = f"http://localhost{BASE_PATH}"
# What the library adds of its own, among it what is another text each time.
_OWN = frozenset({"user-agent", "accept-encoding", "connection", "x-schemathesis-testcaseid"})
_TAKEN = frozenset({"method", "url", "headers", "params", "json", "data", "files", "cookies"})
_BOUNDARY = re.compile(rb"boundary=([0-9a-f]{32})")
# Of these cases, how many keep the credentials that were made up.
_AS_MADE_UP = 0.1


def _schema() -> Any:
    """Return the contract as schemathesis reads it without the settings that are for a running service."""
    # It tells schemathesis how lines are written, and that the bearer of OAuth 2 is one it can send.
    import_module("scripts.contract.hooks")
    return schemathesis.openapi.from_dict(json.loads(BUNDLE.read_bytes()), config=SchemathesisConfig())


def _raw(case: Case) -> Raw | None:
    """Return a case as it would be sent, or None for what no client can send."""
    try:
        taken = {name: value for name, value in case.as_transport_kwargs(base_url=_WHERE).items() if name in _TAKEN}
        prepared = requests.Request(**taken).prepare()
        parts = urlsplit(cast("str", prepared.url))
        headers = tuple(
            (name.lower().encode(), value if isinstance(value, bytes) else str(value).encode("latin-1"))
            for name, value in prepared.headers.items()
            if name.lower() not in _OWN
        )
        body = prepared.body if isinstance(prepared.body, bytes) else str(prepared.body or "").encode()
        raw = Raw(str(prepared.method), parts.path.encode("ascii"), parts.query.encode("ascii"), headers, body)
    except (ValueError, RequestException):
        return None
    # The boundary of a form of files is another one each time.
    for found in _BOUNDARY.findall(b"".join(raw.values(b"content-type"))):
        settled = raw.values(b"content-type")[0].replace(found, b"boundary")
        raw = raw.having(b"content-type", settled)._replace(body=raw.body.replace(found, b"boundary"))
    return raw


def _drawn(operation: Any, mode: GenerationMode, count: int, seed: int) -> list[Case]:
    cases: list[Case] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    def draw(case: Case) -> None:
        cases.append(case)

    # Of an operation that takes nothing there is no invalid request.
    with suppress(Unsatisfiable):
        draw()
    return cases


def cases(known: dict[str, Operation], count: int, seed: int, every: int = 1) -> Iterator[tuple[Raw, Operation]]:
    """Yield this many valid and as many invalid requests of each of the known operations, or of every n-th of them.

    Most come with credentials that the stubs know, because whoever is not let in is told nothing else.
    """
    random = Random(seed)  # noqa: S311 - It decides over requests of a test.
    for result in list(_schema().get_all_operations())[::every]:
        for mode in GenerationMode:
            for case in _drawn(result.ok(), mode, count, seed):
                raw, operation = _raw(case), known[operation_of(case)]
                if raw is not None:
                    yield (raw if random.random() < _AS_MADE_UP else let_in(raw, operation, random)), operation
