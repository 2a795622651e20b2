"""Bodies that are not what they should be: each gets its 4xx, nothing is written, and nothing of it is repeated."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import AsyncClient

from app.settings import settings
from tests.frame.conftest import Fingerprint
from tests.pace import within

JSON = {"Content-Type": "application/json"}
GOOD = '"content": "It weaves algebraical patterns."'
MARKER = "Zx9MarkerQq"

BROKEN = {
    "empty": b"",
    "integer of 5,000 digits": b'{"title": ' + b"9" * 5000 + b"}",
    "truncated": b'{"title": "The engine',
    "trailing": b'{"title": "The engine weaves"} x',
    "two documents": b"{}{}",
    "comma": b'{"title": "The engine weaves",}',
    "single quotes": b"{'title': 'The engine weaves'}",
    "comment": b'{"title": "The engine weaves" /* yes */}',
    "NaN": b'{"title": NaN}',
    "Infinity": b'{"title": Infinity}',
    "-Infinity": b'{"title": -Infinity}',
    "1e400": b'{"title": 1e400}',
    "-1e400 deep inside": b'{"tags": [[-1e400]]}',
    "lone surrogate": b'{"title": "The engine \\ud800"}',
    "lone low surrogate": b'{"title": "The engine \\udc00 weaves"}',
    "surrogate as UTF-8": b'{"title": "The engine \xed\xa0\x80"}',
    "latin-1": '{"title": "The ängine"}'.encode("latin-1"),
    "UTF-16": '{"title": "The engine"}'.encode("utf-16"),
    "UTF-32": '{"title": "The engine"}'.encode("utf-32-le"),
    "BOM": b'\xef\xbb\xbf{"title": "The engine"}',
    "raw control character": b'{"title": "The\x01engine"}',
    "raw NUL": b'{"title": "The\x00engine"}',
    "too deep": b'{"title": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "much too deep": b"[" * 500_000,
}
# What is JSON, but not what the operation takes.
REFUSED: dict[str, tuple[str, str]] = {
    "NUL in a text": (f'{{"title": "The \\u0000 engine", {GOOD}}}', "/title"),
    "NUL in a list": (f'{{"title": "The engine", {GOOD}, "tags": ["fine", "n\\u0000t"]}}', "/tags/1"),
    "integer past 2^63": (f'{{"title": 9223372036854775808, {GOOD}}}', "/title"),
    "integer past 2^64": (f'{{"title": 18446744073709551616, {GOOD}}}', "/title"),
    "null": (f'{{"title": null, {GOOD}}}', "/title"),
    "boolean": (f'{{"title": true, {GOOD}}}', "/title"),
    "object": (f'{{"title": {{"a": "b"}}, {GOOD}}}', "/title"),
    "missing": (f"{{{GOOD}}}", "/title"),
    "unknown member": (f'{{"title": "The engine", {GOOD}, "a/b~c": 1}}', "/a~1b~0c"),
    "own author": (f'{{"title": "The engine", {GOOD}, "author": "root"}}', "/author"),
    "list": (f'[{{"title": "The engine", {GOOD}}}]', ""),
    "text": ('"The engine"', ""),
    "number": ("1", ""),
    "null as a whole": ("null", ""),
}


def deep(levels: int, inside: str = "") -> bytes:
    """A post whose tags are lists in lists."""
    return f'{{"title": "The engine", {GOOD}, "tags": {"[" * levels}{inside}{"]" * levels}}}'.encode()


@pytest.mark.actor("user")
class TestCreatePost:
    @pytest.mark.parametrize("case", BROKEN)
    async def test_what_is_not_json_is_400(self, client: AsyncClient, fingerprint: Fingerprint, case: str) -> None:
        before = await fingerprint()
        answer = await client.post("/posts", content=BROKEN[case], headers=JSON)
        if case == "empty":
            assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        else:
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
        assert "engine" not in answer.text
        assert await fingerprint() == before

    @pytest.mark.parametrize("case", REFUSED)
    async def test_what_the_contract_does_not_take_is_422_and_named(
        self, client: AsyncClient, fingerprint: Fingerprint, case: str
    ) -> None:
        body, pointer = REFUSED[case]
        before = await fingerprint()
        answer = await client.post("/posts", content=body.encode(), headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert pointer in [error.get("pointer") for error in answer.json()["errors"]]
        assert "weaves" not in answer.text
        assert await fingerprint() == before

    @pytest.mark.parametrize("levels", [10, 200, 500, 900, 980, 1000, 1020, 1023, 1025])
    @pytest.mark.parametrize("inside", ["", '"\\u0000"', "1"])
    async def test_depth_is_refused_at_any_level(
        self, client: AsyncClient, fingerprint: Fingerprint, levels: int, inside: str
    ) -> None:
        before = await fingerprint()
        answer = await client.post("/posts", content=deep(levels, inside), headers=JSON)
        assert answer.status_code in (400, 422), answer.text
        assert len(answer.content) < 10_000
        assert await fingerprint() == before

    @pytest.mark.parametrize("declared", [True, False])
    async def test_a_body_that_is_too_large_is_413(
        self, client: AsyncClient, fingerprint: Fingerprint, *, declared: bool
    ) -> None:
        before = await fingerprint()
        body = b'{"title": "' + b"x" * settings().max_body_bytes + b'"}'

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 65_536):
                yield body[start : start + 65_536]

        answer = await client.post("/posts", content=body if declared else chunks(), headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
        assert len(answer.content) < 1_000
        assert await fingerprint() == before

    async def test_a_lie_about_the_length_is_413(self, client: AsyncClient) -> None:
        lie = JSON | {"Content-Length": str(10**30)}
        answer = await client.post("/posts", content=b"{}", headers=lie)
        assert answer.status_code == 413

    async def test_many_errors_are_few_lines(self, client: AsyncClient) -> None:
        members = ", ".join(f'"unknown_{number}": "{MARKER}"' for number in range(20_000))
        answer = await client.post("/posts", content=f"{{{members}}}".encode(), headers=JSON)
        assert answer.status_code == 422
        assert len(answer.json()["errors"]) == 100
        assert MARKER not in answer.text

    @pytest.mark.parametrize(
        "body",
        [
            f'{{"{"n" * 400_000}": [{"0," * 250_000}0], "title": "\\u0000"}}',
            '{"title": [' + '"\\u0000",' * 90_000 + "0]}",
            f'{{"{"n" * 9_000}": ' * 100 + '"\\u0000"' + "}" * 100,
            '{"tags": [' + '{"~/":[],"a":"\\u0000"},' * 30_000 + "0]}",
        ],
        ids=["wide under a long name", "many", "long names within long names", "many objects"],
    )
    async def test_looking_for_nul_takes_no_time(self, client: AsyncClient, body: str) -> None:
        with within(2):
            answer = await client.post("/posts", content=body.encode(), headers=JSON)
        assert answer.status_code == 422
        assert {error["code"] for error in answer.json()["errors"]} == {"nul_character"}
        assert len(answer.json()["errors"]) <= 100

    async def test_a_long_name_is_cut(self, client: AsyncClient) -> None:
        answer = await client.post("/posts", content=f'{{"{"n" * 500_000}": 1}}'.encode(), headers=JSON)
        assert answer.status_code == 422
        assert len(answer.content) < 5_000

    @pytest.mark.parametrize(
        "media_type",
        [
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "application/merge-patch+json",
            "application/jsonp",
            "json",
            "*/*",
            "application/json, text/plain",
            ";",
            "\xe9",
        ],
    )
    async def test_another_media_type_is_415(
        self, client: AsyncClient, fingerprint: Fingerprint, media_type: str
    ) -> None:
        before = await fingerprint()
        body = f'{{"title": "The engine", {GOOD}}}'.encode()
        answer = await client.post("/posts", content=body, headers=[(b"Content-Type", media_type.encode("latin-1"))])
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
        assert await fingerprint() == before

    async def test_a_body_without_a_media_type_is_415(self, client: AsyncClient) -> None:
        answer = await client.post("/posts", content=f'{{"title": "The engine", {GOOD}}}'.encode())
        assert answer.status_code == 415

    @pytest.mark.parametrize(
        "media_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;a=b"]
    )
    async def test_parameters_and_case_of_the_media_type_do_not_matter(
        self, client: AsyncClient, media_type: str
    ) -> None:
        body = f'{{"title": "The engine", {GOOD}}}'.encode()
        answer = await client.post("/posts", content=body, headers={"Content-Type": media_type})
        assert answer.status_code == 201

    @pytest.mark.parametrize("types", [("application/json", "text/plain"), ("text/plain", "application/json")])
    async def test_two_media_types_are_refused(
        self, client: AsyncClient, fingerprint: Fingerprint, types: tuple[str, str]
    ) -> None:
        before = await fingerprint()
        headers = [("Content-Type", media_type) for media_type in types]
        answer = await client.post("/posts", content=f'{{"title": "The engine", {GOOD}}}'.encode(), headers=headers)
        assert answer.status_code == 415
        assert await fingerprint() == before

    @pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
    async def test_a_compressed_body_is_415(self, client: AsyncClient, encoding: str) -> None:
        headers = JSON | {"Content-Encoding": encoding}
        assert (await client.post("/posts", content=b"{}", headers=headers)).status_code == 415


class TestLogIn:
    @pytest.mark.parametrize(
        "body",
        [
            b"username=adalbert%00&password=x",
            b"username=adalbert&password=%ff",
            b"username=adalbert&username=eve&password=x",
            b"username=adalbert",
            b"&".join(b"field%d=x" % number for number in range(2_000)),
            b"username=adalbert&password=x&unknown=1",
            b"grant_type=client_credentials&username=adalbert&password=x",
            b"%",
            b"\xff\xfe",
            b'{"username": "eve"}',
        ],
    )
    async def test_a_wrong_form_is_refused(self, client: AsyncClient, fingerprint: Fingerprint, body: bytes) -> None:
        before = await fingerprint()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post("/auth/login", content=body, headers=headers)
        assert answer.status_code in (400, 422), answer.text
        assert "adalbert" not in answer.text
        assert await fingerprint() == before
