"""Bodies as the compiled contract takes them; what the service's own contract has of them, its own tests try."""

from typing import Any

import pytest

from app.contract import Operation, operations
from app.problems import MalformedRequest, Problem, UnsupportedMediaType
from app.runtime.bodies import FORM, Body
from generated.models import LoginForm, TagCreate
from tests.runtime.arriving import arrived, receiving

JSON = "application/json"
LOGIN = b"username=ada_l&password=Weaves4lgebra"


def operation(*media_types: str) -> Operation:
    return Operation("makeThing", "POST", "/things", "things", {}, {}, frozenset(media_types), public=True)


def body(schema: str, *media_types: str, required: bool = True, most_bytes: int = 1000) -> Body:
    content = {name: {"schema": {"$ref": f"#/components/schemas/{schema}"}} for name in media_types}
    return Body(operation(*media_types), {"content": content, "required": required}, most_bytes=most_bytes)


async def taken(of: Body, content_type: str, sent: bytes) -> Any:
    headers = {b"content-type": content_type.encode()} if content_type else {}
    return (await of.accept({"headers": list(headers.items())}, headers, receiving(sent)))[0]


async def test_json_becomes_the_model() -> None:
    of = body("TagCreate", JSON)
    document = await taken(of, "Application/JSON; charset=utf-8", b'{"name": "engines"}')
    assert of.read(arrived(document=document)) == (TagCreate(name="engines"), [])


async def test_a_form_becomes_the_model() -> None:
    of = body("LoginForm", FORM)
    model, errors = of.read(arrived(document=await taken(of, FORM, LOGIN)))
    assert (model, errors) == (LoginForm(username="ada_l", password="Weaves4lgebra"), [])
    _, errors = of.read(arrived(document=await taken(of, FORM, b"")))
    assert [(error.get("pointer"), error.get("code")) for error in errors] == [
        ("/username", "missing"),
        ("/password", "missing"),
    ]


@pytest.mark.parametrize("sent", [b"username=%zz", b"username=%f", b"username=%ff", b"username=\xff", b"a&a%"])
async def test_a_form_that_cannot_be_decoded_is_malformed(sent: bytes) -> None:
    with pytest.raises(MalformedRequest):
        await taken(body("LoginForm", FORM), FORM, sent)


async def test_what_is_absent_is_missed_where_it_has_to_be_there() -> None:
    for content_type in ("", JSON):
        of = body("TagCreate", JSON)
        assert of.read(arrived(document=await taken(of, content_type, b""))) == (
            None,
            [{"pointer": "", "code": "missing", "detail": "Field required"}],
        )
        of = body("TagCreate", JSON, required=False)
        assert of.read(arrived(document=await taken(of, content_type, b""))) == (None, [])


@pytest.mark.parametrize(
    ("content_type", "sent", "problem"),
    [
        ("", b"{}", UnsupportedMediaType),
        ("text/plain", b"", UnsupportedMediaType),
        (FORM, b"a=b", UnsupportedMediaType),
        (JSON, b"{", MalformedRequest),
    ],
)
async def test_what_is_not_in_order_is_refused(content_type: str, sent: bytes, problem: type[Problem]) -> None:
    with pytest.raises(problem):
        await taken(body("TagCreate", JSON), content_type, sent)


@pytest.mark.parametrize(
    ("schema", "media_types", "says"),
    [
        ("TagCreate", ["text/csv"], "a body of text/csv is not read"),
        ("TagCreate", [FORM, "image/png"], "a body of image/png is not read"),
        ("PostBatchCreate", [FORM], "of a form only texts are read; posts are none"),
    ],
)
def test_what_nothing_reads_stops_the_start(schema: str, media_types: list[str], says: str) -> None:
    with pytest.raises(RuntimeError, match=says):
        body(schema, *media_types)


def test_a_body_has_one_schema() -> None:
    described = {"content": {JSON: {"schema": {"type": "object"}}}}
    with pytest.raises(RuntimeError, match="one schema, which has a name"):
        Body(operations()["createTag"], described, most_bytes=1)
