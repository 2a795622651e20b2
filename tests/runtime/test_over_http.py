"""What the compiled contract refuses of real requests, and in which words."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.factories import Factory

REFUSED: list[tuple[dict[str, str], list[tuple[str, str]]]] = [
    ({"limit": "0"}, [("limit", "greater_than_equal")]),
    ({"limit": "two"}, [("limit", "int_type")]),
    ({"limit": " 2"}, [("limit", "int_type")]),
    ({"include_total": "yes"}, [("include_total", "bool_type")]),
    ({"include_total": "True"}, [("include_total", "bool_type")]),
    ({"sort": "nothing"}, [("sort", "enum")]),
    ({"author": "ab", "limit": "101"}, [("limit", "less_than_equal"), ("author", "string_too_short")]),
]


@pytest.mark.parametrize(("params", "expected"), REFUSED)
async def test_every_parameter_that_is_not_valid_is_named(
    client: AsyncClient, params: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    answer = await client.get("/posts", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert [(error["parameter"], error["code"]) for error in answer.json()["errors"]] == expected


async def test_parameters_and_body_are_told_of_together(client: AsyncClient, make: Factory) -> None:
    author = await make.member()
    body: dict[str, Any] = {"title": 5, "more": 1}
    answer = await client.post("/posts", json=body, headers=author.headers | {"Idempotency-Key": "k" * 256})
    assert answer.status_code == 422
    places = {error.get("parameter") or error["pointer"] for error in answer.json()["errors"]}
    assert places == {"Idempotency-Key", "/title", "/content", "/more"}


async def test_who_calls_is_settled_first(client: AsyncClient) -> None:
    answer = await client.post("/posts", json={}, headers={"Idempotency-Key": "k" * 256})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
