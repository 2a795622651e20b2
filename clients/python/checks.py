"""What both ways of calling share: saying that a step is done, and looking at headers and problems."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from galley_client.errors import APIStatusError
from galley_client.models import Problem, ProblemCode
from galley_client.responses import HeadersView, ResponseInfo


class Disagreement(Exception):
    """The service does not do what the scenario says."""


def expect(fact: object, otherwise: str) -> None:
    """Raise Disagreement unless something is so."""
    if not fact:
        raise Disagreement(otherwise)


def expect_status(info: ResponseInfo, status: int) -> None:
    """Raise Disagreement unless the answer came with this status."""
    expect(info.status_code == status, f"{status} was due, not {info.status_code}")


def done(step: str) -> None:
    """Say that a step of the scenario is done."""
    print(f"step {step} ok", flush=True)


def header(headers: HeadersView, name: str) -> str:
    """Return a header that has to be there."""
    value = headers.get(name)
    if value is None:
        raise Disagreement(f"no header {name}")
    return value


def next_cursor(link: str) -> str:
    """Return the cursor of the next page from a Link header (RFC 8288)."""
    found = re.search(r'<([^>]*)>;\s*rel="next"', link)
    if found is None:
        raise Disagreement(f"no next page in Link: {link}")
    return parse_qs(urlsplit(found[1]).query)["cursor"][0]


class Refusal:
    """The problem that a block was refused with."""

    problem: Problem


@contextmanager
def refused(status: int, code: ProblemCode) -> Generator[Refusal]:
    """Expect that the block is refused with this status and this problem."""
    refusal = Refusal()
    try:
        yield refusal
    except APIStatusError as error:
        expect(error.status_code == status, f"{status} was due, not {error.status_code}")
        if not isinstance(error.body, Problem):
            raise Disagreement("the answer is no problem document") from error
        expect(error.body.code == code, f"the problem is {error.body.code}, not {code}")
        refusal.problem = error.body
        return
    raise Disagreement(f"{status} was due, and nothing was refused")
