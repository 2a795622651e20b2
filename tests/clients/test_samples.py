"""The samples of the documentation, run: each makes the request that was recorded, and is answered as it was then.

The stories that the examples were recorded from are told to a fresh sandbox. Where a sample stands for a request, the
sample makes it, in its own language; what came of all of it has to be the record, word for word.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from starlette.requests import cookie_parser

from app.contract import BASE_PATH, bundle
from app.naming import is_json
from scripts.clients import python, typescript
from scripts.clients.language import BUILD, Scenario
from scripts.examples.__main__ import OPENAPI, kept
from scripts.examples.files import files
from scripts.examples.stories import STORIES
from scripts.examples.teller import FIRST_FAILURE, Teller, counted
from scripts.samples import samples
from scripts.samples.calls import FORM, Credential
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


def _parts(content: bytes, media_type: str) -> list[tuple[str, str, bytes]]:
    """Return the parts of a form, each with its field, the name of its file and its content."""
    form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + media_type.encode() + b"\r\n\r\n" + content)
    return [
        (
            str(part.get_param("name", header="content-disposition")),
            str(part.get_filename()),
            cast("bytes", part.get_payload(decode=True)),
        )
        for part in form.iter_parts()
    ]


def _body(content: bytes, headers: httpx2.Headers) -> object:
    """Read what was sent, so that it can be compared whatever the order, the spaces and the boundaries."""
    kind = headers.get("content-type", "").partition(";")[0]
    if kind == FORM:
        return _parts(content, headers["content-type"])
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
    shown = {name: headers[name].partition("; boundary")[0] for name in HEADERS if name in headers}
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
            same = self._shows(record, request, asked) and self._is_from(record, request)
            if same and operation not in self.performed:
                answer = self._perform(operation, request, asked)
                self.performed += [operation] * answer.is_success
                return answer
        return super().send(request, **given)

    @staticmethod
    def _shows(record: Recorded, request: httpx2.Request, asked: tuple[object, ...]) -> bool:
        headers = {name: value.partition("; boundary")[0] for name, value in record.headers.items()}
        # Of files no more was recorded than how long they are.
        return headers == asked[-2] and record.body in (asked[-1], counted(request.content))

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
        members = cast("dict[str, Any]", sent) if isinstance(sent, dict) else {}
        variables = {name.upper(): value for name, value in members.items() if isinstance(value, str)}
        known = {"GALLEY_URL": address + BASE_PATH, **_credentials(request.headers), **scenario.environment}
        with TemporaryDirectory() as folder:
            # A sample reads one file; it is called as the story calls it.
            for _, name, content in cast("Any", sent) if isinstance(sent, list) else ():
                known["FILE"] = str(Path(folder, name))
                Path(known["FILE"]).write_bytes(content)
            done = subprocess.run(
                scenario.command,
                env={**os.environ, **variables, **known},
                capture_output=True,
                # What a sample prints of a picture is no text.
                errors="replace",
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
