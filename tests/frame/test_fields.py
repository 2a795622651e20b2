"""Types that stand in for the generator's: neither laxer nor stricter than JSON Schema and the standards."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.fields import Date, StrictInt, Timestamp
from scripts.strict_types import overrides

INTEGER: TypeAdapter[int] = TypeAdapter(StrictInt)
DATE: TypeAdapter[date] = TypeAdapter(Date)
TIMESTAMP: TypeAdapter[datetime] = TypeAdapter(Timestamp)


@pytest.mark.parametrize("text", ["20", "20.0", "2e1"])
def test_an_integer_is_a_number_without_a_fraction_however_it_is_written(text: str) -> None:
    value = INTEGER.validate_json(text)
    assert (value, type(value)) == (20, int)


@pytest.mark.parametrize("text", ["20.5", '"20"', "true", "null", "1e400", "NaN"])
def test_nothing_else_is_one(text: str) -> None:
    with pytest.raises(ValidationError):
        INTEGER.validate_json(text)


def test_a_date_is_a_full_date() -> None:
    assert DATE.validate_python("2027-05-16") == date(2027, 5, 16)


@pytest.mark.parametrize(
    "value", [1742083200, "20270516000000", "2027-05-16T00:00:00", "20270516", "2027-02-30", "0000-01-01"]
)
def test_nothing_else_is_a_date(value: Any) -> None:
    with pytest.raises(ValidationError):
        DATE.validate_python(value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0001-03-06T08:21:47.7-17:38", datetime(1, 3, 7, 1, 59, 47, 700_000, UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31t23:59:59z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:59+23:59", datetime(9999, 12, 31, 0, 0, 59, tzinfo=UTC)),
    ],
)
def test_a_timestamp_may_be_in_any_year_that_there_is(text: str, moment: datetime) -> None:
    assert TIMESTAMP.validate_python(text) == moment


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("0001-01-01T00:00:00+00:01", "timestamp_range"),
        ("9999-12-31T23:59:59-00:01", "timestamp_range"),
        ("0000-12-31T23:59:59-23:59", "timestamp_format"),
        ("2027-05-16", "timestamp_format"),
        ("2027-05-16T00:00:00", "timestamp_format"),
        (1742083200, "timestamp_format"),
    ],
)
def test_nothing_else_is_a_timestamp(value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TIMESTAMP.validate_python(value)
    assert [error["type"] for error in refusal.value.errors()] == [code]


def test_strict_types_follow_the_formats_of_the_contract() -> None:
    schemas = {
        "Day": {"type": "string", "format": "date"},
        "Moment": {"type": "string", "format": "date-time"},
        "Name": {"type": "string"},
        "Key": {"type": "string", "format": "uuid"},
    }
    found = overrides({"components": {"schemas": schemas}})
    assert found == {"Day": "app.fields.Date", "Key": "app.fields.Id", "Moment": "app.fields.Timestamp"}
