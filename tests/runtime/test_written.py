"""JSON written in one pass: what Pydantic would write, and by Pydantic where orjson would write something else."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import pytest
from asyncpg.pgproto import pgproto
from pydantic import BaseModel, Field, RootModel, computed_field, field_serializer
from pydantic_core import PydanticSerializationError

from app.runtime.written import as_json, is_plain, pydantic_json
from app.strict import pairs_of


class Kind(Enum):
    one = "first"


class Part(BaseModel):
    name: str = "engine"
    size: int | None = None


class Whole(BaseModel):
    anything: Any = None
    part: Part | None = None
    parts: list[Part] = []


class Renamed(BaseModel):
    name: str = Field(default="", serialization_alias="called")


class Shaped(BaseModel):
    size: int = 0

    @field_serializer("size")
    def shape(self, size: int) -> str:
        return f"<{size}>"


class Computed(BaseModel):
    @computed_field
    @property
    def size(self) -> int:
        return 7


class Hidden(BaseModel):
    name: str = Field(default="", exclude=True)


class Open(BaseModel, extra="allow"):
    name: str = ""


class Root(RootModel[list[int]]):
    pass


VALUES: list[Any] = [
    *("text", '\u2028 and \\ and "', "", 0, -(2**53), 2**63, 2**70, 0.1, 1e16, 1e-7, True, None, Kind.one),
    *(Decimal("19.90"), Decimal("1E+3"), UUID(int=7), pgproto.UUID("01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11")),
    *(datetime(2026, 11, 20, tzinfo=UTC), datetime(1, 1, 1, 0, 0, 0, 7, tzinfo=UTC), timedelta(seconds=90)),
    datetime(2026, 11, 20, 9, 30, tzinfo=timezone(timedelta(hours=-3))),
    *({"a": [1, {"b": None}]}, {7: "a number"}, [Part(name="loom")], (1, 2), b"bytes"),
    *(
        Renamed(name="x"),
        Shaped(size=3),
        Computed(),
        Hidden(name="x"),
        Open.model_validate({"name": "x", "more": 1}),
        Root([1, 2]),
    ),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_it_is_what_pydantic_writes(value: Any) -> None:
    model = Whole(anything=value, part=Part(size=1), parts=[Part(), Part(name="x", size=None)])
    by_pydantic = Whole.__pydantic_serializer__.to_json
    assert as_json(model, by_pydantic) == pydantic_json(model, by_pydantic)


def test_what_cannot_be_written_is_refused_as_by_pydantic() -> None:
    by_pydantic = Whole.__pydantic_serializer__.to_json
    with pytest.raises(PydanticSerializationError, match="surrogates"):
        as_json(Whole(anything="\ud800"), by_pydantic)


@pytest.mark.parametrize("model", [Renamed, Shaped, Computed, Hidden, Open, Root])
def test_models_with_a_form_of_their_own_are_not_plain(model: type[BaseModel]) -> None:
    assert not is_plain(model)
    assert is_plain(Whole)


@pytest.mark.parametrize(
    "query",
    [
        *("a=1", "a=1&b=2", "a", "a=", "=1", "=", "&", "", "a=1&&b=2", "a=b=c", "a;b=1", "a=1&a=2"),
        *("a=+", "a=%20&b", "%41=1"),
    ],
)
def test_a_query_is_taken_apart_as_by_the_standard_library(query: str) -> None:
    assert list(pairs_of(query.encode())) == parse_qsl(query, keep_blank_values=True)


@pytest.mark.parametrize("query", [b"a=1&" * 100, b"a=%20&" * 100, b"\xe9=1", b"a=%ff"])
def test_a_query_that_cannot_be_decoded_is_refused(query: bytes) -> None:
    with pytest.raises(ValueError, match=r"parameters|fields|decode"):
        pairs_of(query)
