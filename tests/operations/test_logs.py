"""A record is one line, and no line shows a secret."""

import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from app.logs import MAX_TEXT, JSONFormatter, TextFormatter

Write = Callable[..., str]


def write_with(form: logging.Formatter) -> Write:
    """Return a function that makes a record, as a logger does, and returns its line."""

    def write(message: str, *args: object, **extra: Any) -> str:
        record = {"msg": message, "args": args, "levelname": "WARNING", "name": "tests"} | extra
        return form.format(logging.makeLogRecord(record))

    return write


@pytest.fixture(params=[JSONFormatter, TextFormatter])
def write(request: pytest.FixtureRequest) -> Write:
    return write_with(request.param())


class TestBothForms:
    @pytest.mark.parametrize(
        "message",
        [
            "password=hunter2",
            "the token: hunter2",
            '{"password": "hunter2", "user": "x"}',
            "Authorization: Bearer hunter2",
            "cannot connect to postgresql://galley:hunter2@db/galley",
            "eyJhbGciOiJIUzI1NiJ9.hunter2.hunter2",
        ],
    )
    def test_masks_in_text(self, write: Write, message: str) -> None:
        for line in (write(message), write("%s", message), write("request", detail=[message])):
            assert "hunter2" not in line
            assert "***" in line

    @pytest.mark.parametrize(
        "extra",
        [
            {"password": "hunter2"},
            {"refresh_token": "hunter2"},
            {"headers": {"Authorization": "hunter2", "Cookie": "hunter2"}},
            {"deep": [{"api_key": "hunter2"}]},
            {"client_secret": ["hunter2"]},
        ],
    )
    def test_masks_by_name(self, write: Write, extra: dict[str, Any]) -> None:
        assert "hunter2" not in write("request", **extra)
        assert "***" in write("request", **extra)

    def test_masks_in_a_traceback(self, write: Write) -> None:
        line = ""
        try:
            int("postgresql://galley:hunter2@db")
        except ValueError:
            line = write("failed", exc_info=sys.exc_info())
        assert "ValueError: invalid literal" in line
        assert "hunter2@db'" not in line

    def test_nothing_forges_a_line(self, write: Write) -> None:
        line = write("path %s", "/x\nforged\r\n\x1b[31m\u0085\u2028", path="\nforged")
        assert line.isprintable()

    def test_anything_can_be_written(self, write: Write) -> None:
        line = write("%d \ud800", 2**70, large=2**70, strange=object(), lone={"\udfff": {1: "\ud800"}})
        assert str(2**70) in line

    @pytest.mark.parametrize("text", ["x", "-eyJ", "token", "token ", "a://", "Bearer ", "a:", "=", " "])
    def test_no_text_takes_long(self, write: Write, text: str) -> None:
        started = time.process_time()
        write("token " + text * (MAX_TEXT // len(text)))
        assert time.process_time() - started < 0.2

    def test_a_huge_value_is_cut(self, write: Write) -> None:
        assert len(write("x" * 1_000_000)) < 20_000


def test_json_has_time_level_logger_message_and_extras() -> None:
    line = json.loads(write_with(JSONFormatter())("slow %s", "query", status=200, user_id=None))
    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "WARNING", "logger": "tests", "message": "slow query", "status": 200, "user_id": None}
