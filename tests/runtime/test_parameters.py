"""Parameters as the compiled contract reads them; what the contract of the service has of them, its own tests try."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from app.runtime.parameters import Parameters
from generated.models import PostSort
from tests.runtime.arriving import arrived


def parameters(*described: dict[str, Any]) -> Parameters:
    return Parameters("getThing", described)


def in_query(name: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, **more}


LIMIT = in_query("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20})
FLAG = in_query("flag", {"type": "boolean"})
RATIO = in_query("ratio", {"type": "number", "exclusiveMinimum": 0})
SORT = in_query("sort", {"$ref": "#/components/schemas/PostSort"})
WORD = in_query("word", {"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[a-z]+$"}, required=True)


class TestRead:
    def test_texts_become_values_in_one_pass(self) -> None:
        thing = "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"
        read = parameters(
            {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
            LIMIT,
            FLAG,
            RATIO,
            SORT,
            in_query("until", {"type": "string", "format": "date-time"}),
            {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string", "maxLength": 9}},
            {"name": "seen", "in": "cookie", "schema": {"type": "integer"}},
        ).read(
            arrived(
                {"thing_id": thing},
                {"limit": "7", "flag": "true", "ratio": "2.5e1", "sort": "title", "until": "2027-05-16T10:00:00Z"},
                {"If-Match": '"1"'},
                {"seen": "3"},
            )
        )
        assert read == (
            {
                "thing_id": UUID(thing),
                "limit": 7,
                "flag": True,
                "ratio": 25.0,
                "sort": PostSort.title_asc,
                "until": datetime(2027, 5, 16, 10, tzinfo=UTC),
                "if_match": '"1"',
                "seen": 3,
            },
            [],
        )

    def test_what_is_absent_is_its_default(self) -> None:
        values, errors = parameters(LIMIT, FLAG, SORT).read(arrived())
        assert (values, errors) == ({"limit": 20, "flag": None, "sort": PostSort.published_at_desc}, [])

    @pytest.mark.parametrize(
        ("described", "text", "code"),
        [
            (LIMIT, "0", "greater_than_equal"),
            (LIMIT, "101", "less_than_equal"),
            (LIMIT, "1" * 5000, "int_type"),
            (LIMIT, " 1", "int_type"),
            (LIMIT, "+1", "int_type"),
            (LIMIT, "01", "int_type"),
            (LIMIT, "1.0", "int_type"),
            (LIMIT, "1_0", "int_type"),
            (LIMIT, "\u0661", "int_type"),
            (LIMIT, "", "int_type"),
            (FLAG, "True", "bool_type"),
            (FLAG, "1", "bool_type"),
            (RATIO, "0", "greater_than"),
            (RATIO, "NaN", "float_type"),
            (RATIO, "1e999", "finite_number"),
            (RATIO, ".5", "float_type"),
            (SORT, "nothing", "enum"),
            (WORD, "a", "string_too_short"),
            (WORD, "abcd", "string_too_long"),
            (WORD, "AB", "string_pattern_mismatch"),
        ],
    )
    def test_what_is_not_valid_is_named(self, described: dict[str, Any], text: str, code: str) -> None:
        values, errors = parameters(described).read(arrived(query={described["name"]: text}))
        assert values == {}
        (error,) = errors
        assert (error.get("parameter"), error.get("code")) == (described["name"], code)
        assert text not in error.get("detail", "") or len(text) < 3

    def test_everything_that_is_wrong_is_told_at_once(self) -> None:
        _, errors = parameters(LIMIT, FLAG, WORD).read(arrived(query={"limit": "no", "flag": "no"}))
        assert [(error.get("parameter"), error.get("code")) for error in errors] == [
            ("limit", "int_type"),
            ("flag", "bool_type"),
            ("word", "missing"),
        ]


class TestCompile:
    @pytest.mark.parametrize(
        ("described", "says"),
        [
            (in_query("tags", {"type": "array", "items": {"type": "string"}}), "array is not read"),
            (in_query("shape", {"oneOf": [{"type": "string"}]}), "None is not read"),
            (in_query("word", {"type": "string", "contentEncoding": "base64"}), "nothing enforces contentEncoding"),
            (in_query("thing", {"type": "string", "format": "uuid", "const": "x"}), "nothing enforces const"),
            (in_query("flag", {"type": "boolean", "const": True}), "nothing enforces const"),
            (in_query("way", {"type": "string", "enum": ["up"]}), "a file of its own"),
            ({"name": "all", "in": "query", "content": {}}, "only a parameter with a schema"),
        ],
    )
    def test_what_could_not_be_enforced_stops_the_start(self, described: dict[str, Any], says: str) -> None:
        with pytest.raises(RuntimeError, match=says) as failure:
            parameters(described)
        assert str(failure.value).startswith(f"getThing: query parameter {described['name']}: ")

    def test_a_word_of_pythons_becomes_another(self) -> None:
        day = {"type": "string", "format": "date", "maxLength": 10}
        assert parameters(in_query("from", day)).read(arrived(query={"from": "2027-05-16"})) == (
            {"from_": date(2027, 5, 16)},
            [],
        )
        _, (error,) = parameters(in_query("from", day)).read(arrived(query={"from": "2027-05-16T00"}))
        assert (error.get("parameter"), error.get("code")) == ("from", "string_too_long")

    def test_two_parameters_of_one_argument_stop_the_start(self) -> None:
        header = {"name": "Limit", "in": "header", "schema": {"type": "string"}}
        with pytest.raises(RuntimeError, match="the same argument"):
            parameters(LIMIT, header)
