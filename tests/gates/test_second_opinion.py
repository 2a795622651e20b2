"""The second opinion: it agrees with what is right, and each way to disagree is seen red."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from openapi_core import OpenAPI

from scripts.coverage import traffic
from scripts.coverage.contract import Contract
from scripts.coverage.exchange import Exchange, header
from scripts.coverage.exemptions import Disagreement
from scripts.coverage.observe import Observer
from scripts.coverage.opinion import ACCEPTS, REFUSES, REFUSES_ANSWER, compare, give, recorded, validator
from scripts.coverage.traffic import Sample, from_line, masked, read, to_line, write
from tests.gates.planted import JSON, PROBLEM, exchange, planted

ID, MOMENT = "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11", "2026-11-20T09:30:00Z"
TAG = {
    "id": ID,
    "name": "looms",
    "description": None,
    "color": "#aa3300",
    "post_count": 0,
    "item_count": 0,
    "version": 1,
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
PROBLEM_BODY = {
    "type": "/problems/validation_failed",
    "title": "Some values are not valid.",
    "status": 422,
    "detail": "Some values are not valid.",
    "instance": "/api/v1/tags",
    "code": "validation_failed",
    "request_id": "01a1fc16f19e73eb83f5ace2007d012d",
    "timestamp": MOMENT,
}
HEADERS = {
    "X-Request-ID": "01a1fc16f19e73eb83f5ace2007d012d",
    "Server-Timing": "total;dur=1.0",
    "RateLimit-Policy": '"default";q=100;w=60',
    "RateLimit": '"default";r=99;t=60',
}
CREATED = exchange(
    "POST",
    "/api/v1/tags",
    201,
    sent={"Content-Type": JSON, "Authorization": "Bearer t"},
    content=b'{"name": "looms"}',
    headers=HEADERS | {"Content-Type": JSON, "Location": f"/api/v1/tags/{ID}", "ETag": '"1-00000000"'},
    body=json.dumps(TAG).encode(),
)


def refused(status: int, code: str, **changes: object) -> Exchange:
    """Return the same request, refused."""
    body = json.dumps(PROBLEM_BODY | {"status": status, "code": code} | changes).encode()
    headers = {"content-type": PROBLEM, "www-authenticate": "Bearer"} | {
        name.lower(): value for name, value in HEADERS.items()
    }
    return replace(CREATED, status=status, headers=tuple(headers.items()), body=body)


@cache
def ours() -> OpenAPI:
    return validator(Contract.load())


def verdicts(call: Exchange) -> list[tuple[str, str]]:
    return [(finding.verdict, finding.complaint) for finding in compare(ours(), "createTag", call)]


class TestCompare:
    def test_agrees_with_what_is_right(self) -> None:
        assert verdicts(CREATED) == []
        assert verdicts(replace(refused(422, "validation_failed"), content=b'{"name": ""}')) == []
        assert verdicts(replace(refused(400, "malformed_request"), content=b'{"name')) == []
        assert verdicts(replace(refused(401, "not_authenticated"), sent=(("content-type", JSON),))) == []
        assert verdicts(refused(401, "invalid_token")) == []
        assert verdicts(refused(409, "tag_taken")) == []
        assert verdicts(refused(503, "service_unavailable")) == []

    @pytest.mark.parametrize(
        ("call", "verdict", "complaint"),
        [
            (replace(CREATED, content=b'{"nome": "looms"}'), REFUSES, "'name' is a required property"),
            (replace(CREATED, sent=(("content-type", "text/plain"), CREATED.sent[1])), REFUSES, "text/plain"),
            (replace(CREATED, sent=(("content-type", JSON),)), REFUSES, "Security"),
            (refused(422, "validation_failed"), ACCEPTS, ""),
            (refused(400, "malformed_request"), ACCEPTS, ""),
            (refused(401, "not_authenticated"), ACCEPTS, ""),
            (
                replace(CREATED, body=CREATED.body.replace(b'"version": 1', b'"version": 0')),
                REFUSES_ANSWER,
                "0 is less",
            ),
            (
                replace(CREATED, body=CREATED.body.replace(b'"id"', b'"secret"')),
                REFUSES_ANSWER,
                "'secret' was unexpected",
            ),
            (replace(CREATED, headers=CREATED.headers[1:]), REFUSES_ANSWER, "X-Request-ID"),
            (replace(refused(409, "tag_taken"), body=b"{}"), REFUSES_ANSWER, "'title' is a required property"),
        ],
        ids=[
            "served a wrong body",
            "served another media type",
            "served nobody",
            "refused a right body",
            "could not read a right body",
            "asked who is there for credentials",
            "answered out of bounds",
            "answered an unknown member",
            "answered without a header",
            "answered no problem",
        ],
    )
    def test_sees(self, call: Exchange, verdict: str, complaint: str) -> None:
        found = dict(verdicts(call))
        assert verdict in found
        assert complaint in found[verdict]

    def test_reads_webhooks_too(self) -> None:
        openapi = validator(planted())
        call = exchange(
            "POST", "/my/hook", 204, sent={"Content-Type": JSON}, content=b'{"kind": "image"}', webhook="fileKept"
        )
        assert list(compare(openapi, "fileKept", call)) == []
        wrong = replace(call, content=b'{"kind": "smell"}')
        assert [finding.verdict for finding in compare(openapi, "fileKept", wrong)] == [REFUSES]


class TestGive:
    def test_a_disagreement_is_open_until_it_is_argued(self) -> None:
        contract, call = Contract.load(), refused(422, "validation_failed", errors=[{"code": "cursor_invalid"}])
        (line, *_) = give(contract, [call], []).faults()
        assert line.startswith("createTag: POST /api/v1/tags -> 422 ")
        assert "openapi-core accepts; mend the contract or the service, or argue it in contract-coverage.toml" in line
        about = dict.fromkeys(("operation", "code", "target", "header", "content", "body"), "")
        about |= {"reason": "It cannot know."}
        excuse = Disagreement(verdict=ACCEPTS, status=422, error="cursor_invalid", **about)
        opinion = give(contract, [call], [excuse])
        assert [finding.verdict for finding in opinion.open] == [REFUSES_ANSWER]
        assert (opinion.argued, opinion.needless) == (1, [])
        for other in (
            {"status": 400},
            {"error": "other"},
            {"target": "posts"},
            {"header": "^cookie"},
            {"content": "x"},
        ):
            unfit = replace(excuse, **other)
            opinion = give(contract, [call], [unfit])
            assert (opinion.argued, opinion.needless) == (0, [unfit])
            assert "nobody disagrees" in opinion.faults()[-1]


class TestTraffic:
    def test_is_kept_once_of_each_form(self) -> None:
        sample = Sample(Observer(Contract.load()))
        for call in (CREATED, replace(CREATED, content=b'{"name": "cards"}'), refused(409, "tag_taken")):
            sample.offer(call)
        sample.offer(replace(CREATED, content=b'{"name": "%s"}' % (b"x" * 20_000)))
        sample.offer(replace(CREATED, target="/elsewhere"))
        kept = [from_line(line) for line in sample.lines()]
        assert [(call.status, call.content) for call in kept] == [(201, CREATED.content), (409, CREATED.content)]

    def test_is_of_another_form_where_readers_differ(self) -> None:
        sample = Sample(Observer(Contract.load()))
        bodies = (b'{"name": "cards"}', b'{"name": "cards\\n"}')
        headers = tuple((("content-type", JSON), ("authorization", value)) for value in ("Bearer", "Bearer "))
        for call in (replace(refused(422, "validation_failed"), content=body) for body in bodies):
            sample.offer(call)
        for call in (replace(refused(401, "not_authenticated"), sent=sent) for sent in headers):
            sample.offer(call)
        kept = [from_line(line) for line in sample.lines()]
        assert {call.content for call in kept if call.status == 422} == {*bodies}
        assert {header(call.sent, "authorization") for call in kept if call.status == 401} == {"Bearer", "Bearer "}

    def test_is_masked_and_read_as_it_was_written(self, tmp_path: Path) -> None:
        secrets = {"Cookie": "sid=s3cret; lang=nb; hollow=", "X-Api-Key": "s3cret", "Authorization": "Bearer s3cret"}
        call = exchange("GET", "/v1/files/1?key=s3cret&size=s", sent=secrets, headers={"Set-Cookie": "sid=s3cret"})
        call = replace(call, body=b"\xff\x00")
        line = to_line(masked(call, planted()))
        assert "s3cret" not in line
        again = from_line(line)
        assert (again.target, again.body) == ("/v1/files/1?key=masked&size=s", b"\xff\x00")
        assert header(again.sent, "cookie") == "sid=masked; lang=masked; hollow="
        write(tmp_path / "test.jsonl", "planted", [line])
        assert read(tmp_path / "test.jsonl") == ("planted", [again])
        assert list(recorded(tmp_path, "planted")) == [again]
        assert list(recorded(tmp_path, "another")) == []
        assert traffic.described(again) == "GET /v1/files/1?key=masked&size=s -> 200"
