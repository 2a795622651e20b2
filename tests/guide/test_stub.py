"""A stub answers what the contract allows, and says where the contract gives too little to make an answer of."""

from typing import Any

import pytest

from app import writes
from app.contract import operations
from app.current import Current, begin
from app.problems import NotFound
from scripts.new_service.parts import stub
from tests.contract.document import contract, resolve
from tests.contract.schemas import Schemas


@pytest.mark.parametrize("name", operations())
def test_answers_every_operation_as_its_schemas_say(name: str) -> None:
    """Galley's contract is as good as any other to try it on."""
    made = stub.answer_of(name)
    item = contract()["paths"][made.operation.path][made.operation.method.lower()]
    response = resolve(item["responses"][str(made.status)])
    schemas = Schemas(contract())
    body = made.body.decode("latin-1") if isinstance(made.body, bytes) else made.body
    # What can be had in several forms is answered in the first.
    for media in list(response.get("content", {}).values())[:1]:
        assert list(schemas.complaints(media["schema"], body)) == []
    for header, value in made.headers.items():
        assert list(schemas.complaints(resolve(response["headers"][header])["schema"], value)) == []


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "minimum": 3, "maximum": 9}, 3),
        ({"type": "integer", "exclusiveMinimum": 3}, 4),
        ({"type": ["string", "null"], "minLength": 2}, "aa"),
        ({"type": "array", "minItems": 2, "items": {"const": 1}}, [1, 1]),
        ({"enum": ["b", "a"]}, "b"),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"oneOf": [{"type": "string", "examples": ["x"]}, {"type": "null"}]}, "x"),
        ({"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]}, {"a": 1, "b": 2}),
        ({"type": "string", "format": "date"}, "2027-05-16"),
        ({"type": "boolean"}, False),
    ],
)
def test_makes_the_least_that_a_schema_allows(schema: dict[str, Any], value: object) -> None:
    assert stub.instance(schema, "here") == value


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ({"application/atom+xml": {"schema": {"type": "string", "minLength": 3}}}, "aaa"),
        ({"application/xml": {"schema": {"type": "string", "examples": ["<a/>"]}}}, "<a/>"),
        ({"text/calendar": {"schema": {"type": "string"}}}, "a"),
        ({"text/plain": {}}, ""),
        ({"application/pdf": {"schema": {"type": "string"}}}, b""),
        ({"image/svg": {}}, b""),
    ],
)
def test_answers_text_where_it_is_text_and_bytes_elsewhere(content: dict[str, Any], body: object) -> None:
    assert stub._body(content, "getThing") == body  # pyright: ignore[reportPrivateUsage]


def test_names_the_place_of_a_pattern_without_an_example() -> None:
    schema = {"type": "object", "properties": {"price": {"type": "string", "pattern": "^[0-9]+$"}}}
    with pytest.raises(
        stub.Unanswerable, match=r"^getThing, price: no text was found for .*; give its schema `examples`$"
    ):
        stub.instance(schema, "getThing")


def ask(operation: str, path: str) -> int:
    begin(Current(path=path, operation=operation))
    return stub.answer().status_code


def test_remembers_what_was_deleted_until_it_is_made_again() -> None:
    tag = stub.answer_of("createTag").body["id"]
    path = f"/api/v1/tags/{tag}"
    assert ask("getTag", path) == 200
    assert ask("deleteTag", path) == 204
    for operation in ("getTag", "deleteTag", "updateTag"):
        with pytest.raises(NotFound):
            ask(operation, path)
    assert ask("getTag", "/api/v1/tags/another") == 200
    begin(Current(path="/api/v1/tags", operation="createTag"))
    assert (stub.answer().headers or {})["Location"] == path
    assert ask("getTag", path) == 200


@pytest.mark.parametrize(
    ("operation", "path", "told"),
    [("getTag", "/api/v1/tags/one", 0), ("deleteTag", "/api/v1/tags/one", 1), ("createTag", "/api/v1/tags", 1)],
)
def test_what_it_changes_is_kept_nowhere(monkeypatch: pytest.MonkeyPatch, operation: str, path: str, told: int) -> None:
    times: list[None] = []
    monkeypatch.setattr(writes, "happened", lambda: times.append(None))
    monkeypatch.setattr(stub, "_gone", set[str]())
    ask(operation, path)
    assert len(times) == told
