"""Answers: what a handler may return, and what becomes of it when it breaks the contract."""

from typing import Any

import pytest
from starlette.responses import PlainTextResponse, Response

from app.current import Current, begin
from app.runtime.answers import Answer, Answers, BrokenContract
from app.runtime.results import HTTPResult
from app.runtime.written import written
from app.settings import Settings
from generated.models import TagCreate

TAG = {"$ref": "#/components/schemas/TagName"}
ETAG = {"required": True, "schema": {"type": "string"}}
DESCRIBED: dict[str, dict[str, Any]] = {
    "200": {"headers": {"ETag": ETAG, "X-Request-ID": ETAG}, "content": {"application/json": {"schema": TAG}}},
    "202": {"content": {"text/plain": {"schema": {"type": "string"}}, "text/csv": {}}},
    "204": {},
    "304": {"headers": {"ETag": ETAG}},
    "404": {"content": {"application/problem+json": {"schema": {}}}},
}
TAGGED = {"ETag": '"1"'}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "k" * 40,
    "ALLOWED_HOSTS": "galley.example",
    "ALLOW_EMBEDDED_DATABASE": "true",
}


def answers(checked: float = 1.0) -> Answers:
    return Answers("getThing", DESCRIBED, checked=checked)


def sent(returned: object, checked: float = 1.0) -> tuple[int, dict[bytes, bytes], bytes]:
    answer = answers(checked).of(returned)
    assert isinstance(answer, Answer)
    assert len(dict(answer.headers)) == len(answer.headers)
    return answer.status, dict(answer.headers), answer.body


def test_a_result_is_sent_as_the_contract_has_it() -> None:
    assert sent(HTTPResult(200, "engines", TAGGED)) == (
        200,
        {b"etag": b'"1"', b"content-length": b"9", b"content-type": b"application/json"},
        b'"engines"',
    )


def test_a_bare_value_is_the_first_success() -> None:
    assert sent("engines", checked=0)[::2] == (200, b'"engines"')
    empty = Answers("getThing", {"204": {}}, checked=1).of(None)
    assert isinstance(empty, Answer)
    assert empty.status == 204


def test_text_is_in_utf_8_and_bytes_are_sent_as_they_are() -> None:
    assert sent(HTTPResult(202, "é"))[1:] == (
        {b"content-length": b"2", b"content-type": b"text/plain; charset=utf-8"},
        "é".encode(),
    )
    assert sent(HTTPResult(202, b"\xff", {"Content-Type": "text/csv"}))[1][b"content-type"] == b"text/csv"


@pytest.mark.parametrize("result", [HTTPResult(304, None, TAGGED), HTTPResult(304, "engines", TAGGED)])
def test_what_has_no_content_is_sent_without(result: HTTPResult[str]) -> None:
    assert sent(result) == (304, {b"etag": b'"1"'}, b"")
    assert sent(HTTPResult(204)) == (204, {}, b"")


def test_an_answer_of_the_handlers_own_passes() -> None:
    own = PlainTextResponse("as it is", 202)
    assert answers().of(own) is own


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (HTTPResult(201, "engines"), "declares no 201"),
        (HTTPResult(404, None), "declares no 404"),
        (Response(status_code=418), "declares no 418"),
        (HTTPResult(200, "engines"), "lacks the header ETag"),
        (HTTPResult(200, "No Tag", TAGGED), "the 200 is no TagName"),
        (HTTPResult(200, None, TAGGED), "the 200 is no TagName"),
        (HTTPResult(202, 5), "is text or bytes"),
        (HTTPResult(200, "engines", {"ETag": '"1"\r\nSet-Cookie: a=b'}), "the header ETag cannot be sent"),
        (HTTPResult(200, "engines", {"ETag": "\u2028"}), "the header ETag cannot be sent"),
        (HTTPResult(200, "engines", {"ETag": " "}), "the header ETag cannot be sent"),
    ],
)
def test_what_breaks_the_contract_is_not_sent(returned: object, says: str) -> None:
    with pytest.raises(BrokenContract, match=says):
        answers().of(returned)


def test_what_is_not_checked_is_not_held_against_the_contract() -> None:
    assert sent(HTTPResult(200, "engines"), checked=0)[0] == 200


def test_a_share_is_checked() -> None:
    some = answers(0.25)
    refused = 0
    for _ in range(8):
        try:
            assert isinstance(some.of(HTTPResult(200, "engines")), Answer)
        except BrokenContract:
            refused += 1
    assert refused == 2


def test_a_body_that_changed_after_its_tag_was_made_is_not_sent() -> None:
    begin(Current())
    tag = TagCreate(name="engines")
    described = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/TagCreate"}}}}}
    tags = Answers("getTag", described, checked=1)
    written(tag)
    assert isinstance(tags.of(HTTPResult(200, tag)), Answer)
    tag.name = "looms"
    with pytest.raises(BrokenContract, match="the body has changed since its ETag was made"):
        tags.of(HTTPResult(200, tag))


def test_an_operation_without_a_success_takes_no_bare_value() -> None:
    with pytest.raises(BrokenContract, match="no success"):
        Answers("getThing", {"302": {}}, checked=1).of(5)


def test_production_checks_none_by_default_and_development_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(environment="development").checked_answers == 1
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    assert Settings().checked_answers == 0
    monkeypatch.setenv("CHECKED_ANSWERS", "0.01")
    assert Settings().checked_answers == 0.01
