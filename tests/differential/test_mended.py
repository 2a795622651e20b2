"""Requests that the compiled server once answered in another way than the contract has it."""

from typing import cast

import pytest

from tests.differential.credentials import VALUE
from tests.differential.decided import judged
from tests.differential.raw import Headers, Raw
from tests.differential.sides import Sides

pytestmark = pytest.mark.xdist_group("differential")

API = b"/api/v1"
POST = API + b"/posts/01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"
BEARER = (b"authorization", b"Bearer " + VALUE.encode())
JSON = (b"content-type", b"application/json")
# Each with the status and, of a problem, the codes that it tells.
CASES: dict[str, tuple[Raw, int, list[str]]] = {
    "a header is not ASCII": (Raw("GET", POST, headers=((b"if-none-match", b"\xc3\xa9"),)), 400, ["malformed_request"]),
    "nor is it of one whom nobody knows": (
        Raw("DELETE", POST, headers=((b"if-match", b"\xff"),)),
        400,
        ["malformed_request"],
    ),
    "a number is far beyond its bounds": (
        Raw("GET", API + b"/posts", b"limit=" + b"9" * 101),
        422,
        ["validation_failed", "less_than_equal"],
    ),
    "an entry is no object": (
        Raw("POST", API + b"/posts/bulk", headers=(BEARER, JSON), body=b'{"posts":["text"]}'),
        422,
        ["validation_failed", "model_attributes_type"],
    ),
    "a slash of the base path is encoded": (Raw("GET", b"/api/v1%2Fx/posts"), 404, ["not_found"]),
}
ANY = (b"if-match", b"*")
# Each of them has no token or key that is known, though one of the lines has.
TWICE: dict[str, Headers] = {
    "two tokens": (ANY, BEARER, (b"authorization", b"Bearer other")),
    "the other way round": (ANY, (b"authorization", b"Bearer other"), BEARER),
    "a token and something else": (ANY, BEARER, (b"authorization", b"Basic YTpi")),
    "two keys": (ANY, (b"x-api-key", VALUE.encode()), (b"x-api-key", VALUE.encode())),
}


def edit(headers: Headers) -> Raw:
    """Return an edit that is in order but for its headers."""
    merge = (b"content-type", b"application/merge-patch+json")
    return Raw("PATCH", POST, b"", (*headers, merge), b'{"title":"The engine weaves"}')


@pytest.mark.parametrize("name", CASES)
async def test_it_is_answered_as_the_contract_has_it(both: Sides, name: str) -> None:
    raw, status, codes = CASES[name]
    pair = await both.ask(raw)
    assert await judged(both, pair) == ([], [])
    assert pair.new.status == status
    assert [pair.new.code, *(error["code"] for error in pair.new.errors)] == codes


@pytest.mark.parametrize("name", TWICE)
async def test_of_two_lines_of_a_header_none_is_believed_alone(both: Sides, name: str) -> None:
    pair = await both.ask(edit(TWICE[name]))
    assert await judged(both, pair) == ([], ["repeated headers"])
    assert pair.new.status == 401


async def test_two_lines_of_tags_are_one_list(both: Sides) -> None:
    pair = await both.ask(edit(((b"if-match", b'"1"'), BEARER, (b"if-match", b'"2"'))))
    assert await judged(both, pair) == ([], ["repeated headers"])
    _, (name, arguments) = cast("list[tuple[str, dict[str, object]]]", pair.new.asked)
    assert (name, arguments["if_match"]) == ("updatePost", ("str", repr('"1", "2"')))


@pytest.mark.parametrize("operation", ["exportPosts", "getPost"])
async def test_lines_of_json_are_no_json(both: Sides, operation: str) -> None:
    declared = next(plan for plan in both.plans if plan.operation.name == operation).answers.successes[200]
    assert (declared.dump is None) == (operation == "exportPosts")
