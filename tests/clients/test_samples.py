"""The samples of the documentation, run: each makes the request that was recorded, and is answered as it was then.

The stories that the examples were recorded from are told to a fresh sandbox. Where a sample stands for a request, the
sample makes it, in its own language; what came of all of it has to be the record, word for word.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from starlette.requests import cookie_parser

from app.contract import BASE_PATH, bundle
from scripts.clients import python, typescript
from scripts.clients.language import BUILD, Scenario
from scripts.coverage.exchange import is_json
from scripts.examples.__main__ import OPENAPI, kept
from scripts.examples.files import files
from scripts.examples.stories import STORIES
from scripts.examples.teller import FIRST_FAILURE, Teller
from scripts.samples import samples
from scripts.samples.calls import Credential
from scripts.samples.recorded import Recorded, recorded
from scripts.sandbox import serving
from tests.clients.liar import Exchange, lying, written

SECONDS = 60
HEADERS = ("content-type", "if-match", "if-none-match", "idempotency-key")


def _curl(operation: str) -> Scenario:
    shown = next(sample for sample in samples(bundle())[operation] if sample["label"] == "curl")
    return Scenario("curl", ("bash", "-euc", shown["source"]))


START: dict[str, Callable[[str], Scenario]] = {
    "curl": _curl,
    "python": lambda operation: python.sample(BUILD / "python", operation),
    "typescript": lambda operation: typescript.sample(BUILD / "typescript", operation),
}


def _body(content: bytes, headers: httpx2.Headers) -> dict[str, Any] | str | None:
    """Read what was sent, so that it can be compared whatever the order and the spaces."""
    kind = headers.get("content-type", "").partition(";")[0]
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(content.decode()))
    try:
        if not is_json(kind):
            return content.decode() or None
        return json.loads(content) if content else None
    except ValueError:
        # The stories send what cannot be read, too; no sample does.
        return None


def _asked(method: str, target: str, headers: httpx2.Headers, content: bytes) -> tuple[object, ...]:
    """Return everything about a request that matters."""
    address = urlsplit(target)
    shown = {name: headers[name] for name in HEADERS if name in headers}
    return method, address.path, dict(parse_qsl(address.query)), shown, _body(content, headers)


def _readable(recorded: dict[str, str]) -> dict[str, str]:
    """Write blanks in one way: links repeat how the client has written the query, and both ways are right."""
    return {name: text.replace("%20", "+") for name, text in recorded.items()}


def _credentials(headers: httpx2.Headers) -> dict[str, str]:
    """Return what a request was authenticated with, by the variables that samples read it from."""
    cookies = cookie_parser(headers.get("cookie", ""))
    found: dict[str, str] = {}
    for name, scheme in bundle()["components"]["securitySchemes"].items():
        credential = Credential(name, scheme)
        if credential.is_bearer:
            found[credential.variable] = headers.get("authorization", "").removeprefix("Bearer ")
        else:
            found[credential.variable] = (cookies if scheme["in"] == "cookie" else headers).get(scheme["name"], "")
    return found


class Performance(httpx2.Client):
    """Sends the requests of the stories, and lets samples send those that they stand for."""

    def __init__(self, upstream: str, start: Callable[[str], Scenario]) -> None:
        super().__init__(base_url=upstream + BASE_PATH, timeout=30)
        self._upstream = upstream
        self._start = start
        self._due: dict[tuple[str, str], list[tuple[str, Recorded]]] = {}
        for path, item in bundle()["paths"].items():
            for operation in (entry["operationId"] for entry in item.values() if "operationId" in entry):
                record = recorded(operation, path)
                assert record is not None, f"{operation} was not recorded"
                method, _, target = record.line.partition(" ")
                self._due.setdefault((method, target), []).append((operation, record))
        self.performed: list[str] = []

    def send(self, request: httpx2.Request, **given: Any) -> httpx2.Response:
        """Send a request of a story, or let the sample do it that shows just this request."""
        target = request.url.raw_path.decode()
        for operation, record in self._due.get((request.method, target), []):
            asked = _asked(request.method, target, request.headers, request.content)
            same = (record.headers, record.body) == asked[-2:] and self._is_from(record, request)
            if same and operation not in self.performed:
                answer = self._perform(operation, request, asked)
                self.performed += [operation] * answer.is_success
                return answer
        return super().send(request, **given)

    @staticmethod
    def _is_from(record: Recorded, request: httpx2.Request) -> bool:
        anonymous = not {"authorization", "cookie"} & request.headers.keys()
        cookies = cookie_parser(request.headers.get("cookie", ""))
        # A sample sends one token in the cookie and in the header; a story tells of two that differ.
        alike = request.headers.get("x-csrf-token") == cookies.get("__Host-csrf_token")
        return alike and (record.by == "anybody") == anonymous

    def _perform(self, operation: str, request: httpx2.Request, asked: tuple[object, ...]) -> httpx2.Response:
        seen: list[Exchange] = []
        with lying(self._upstream, seen.append) as address:
            code, said = self._run(operation, address, request)
        assert len(seen) == 1, f"{operation}: {len(seen)} requests\n{said}"
        made = seen[0]
        # Where the same request is refused, as to archive a draft is, the program has to fail.
        assert (code == 0) == (made.status < FIRST_FAILURE), f"{operation} was answered with {made.status}:\n{said}"
        headers = httpx2.Headers(made.sent_headers)
        assert _asked(made.method, made.path, headers, made.sent) == asked, operation
        answered = [*made.headers.items(), *(("set-cookie", cookie) for cookie in made.cookies)]
        return httpx2.Response(made.status, headers=answered, content=written(made.body), request=request)

    def _run(self, operation: str, address: str, request: httpx2.Request) -> tuple[int, str]:
        scenario = self._start(operation)
        sent = _body(request.content, request.headers)
        members = sent if isinstance(sent, dict) else {}
        variables = {name.upper(): value for name, value in members.items() if isinstance(value, str)}
        known = {"GALLEY_URL": address + BASE_PATH, **_credentials(request.headers), **scenario.environment}
        done = subprocess.run(
            scenario.command,
            env={**os.environ, **variables, **known},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """The address of a sandbox."""
    with serving() as address:
        yield address


@pytest.mark.parametrize("language", START)
def test_samples_do_what_was_recorded(language: str, sandbox: str) -> None:
    teller = Teller(sandbox)
    with Performance(sandbox, START[language]) as client:
        teller.client = client
        for story in STORIES:
            teller.reset()
            story(teller)
    assert sorted(client.performed) == sorted(samples(bundle()))
    assert _readable(files(teller.exchanges)) == _readable(kept(OPENAPI))
