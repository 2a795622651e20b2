"""A record is one line, and no line shows a secret."""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from app import logs
from app.logs import MASK, MAX_TEXT, JSONFormatter, RequestRecord, TextFormatter
from tests.operations.service import REPOSITORY

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


def request_record(**members: Any) -> RequestRecord:
    """Make the record of a request, as the frame does."""
    usual: dict[str, Any] = {
        "request_id": "01936b2e5f8c7c3a9d402f6f0c1f7a11",
        "method": "GET",
        "path": "/api/v1/posts",
        "operation": "listPosts",
        "status": 200,
        "duration_ms": 1.25,
        "user_id": None,
        "address": "192.0.2.7",
    }
    members = usual | members
    return RequestRecord("app.requests", members, "{method} {path} {request_id}".format_map(members))


class TestRequest:
    """Its record is made and written in a shorter way, which nobody may notice."""

    @pytest.mark.parametrize("form", [JSONFormatter, TextFormatter])
    @pytest.mark.parametrize(
        "members",
        [
            {},
            {"user_id": "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11", "status": 500, "operation": "", "address": None},
            # What every request for a password or a token has in its line is no secret.
            {"path": "/api/v1/auth/password-resets", "operation": "createPasswordReset"},
            {"path": "/token=hunter2"},
            {"path": "/a?api_key=hunter2&b"},
            {"path": "/Bearer hunter2"},
            {"path": "/postgresql://galley:hunter2@db"},
            {"request_id": "eyJhbGciOiJIUzI1NiJ9.hunter2.hunter2"},
            {"method": "TOKEN=hunter2"},
            {"path": "/\nforged\x1b[31m\x7f"},
            {"path": "/caf\u00e9\u0085\u2028"},
            {"path": "/\ud800"},
            {"path": "/" + "a" * (MAX_TEXT + 1)},
            {"path": "/" + "a" * (MAX_TEXT - 200)},
            {"status": 2**70},
        ],
    )
    def test_has_the_line_that_a_logger_would_write(
        self, form: type[logging.Formatter], members: dict[str, Any]
    ) -> None:
        record = request_record(**members)
        logger = logging.getLogger(record.name)
        usual = logger.makeRecord(record.name, logging.INFO, "", 0, "request", (), None, None, record.members)
        usual.created = record.created
        line = form().format(record)
        assert line == form().format(usual)
        assert "hunter2" not in line
        assert (MASK in line) == ("hunter2" in str(members))

    def test_knows_what_every_record_knows(self) -> None:
        record = request_record()
        usual = logging.getLogger("app.requests").makeRecord(
            "app.requests", logging.INFO, "", 0, "request", (), None, None, record.members
        )
        for name, value in vars(usual).items():
            known = getattr(record, name)
            assert known == (pytest.approx(value, abs=1_000) if isinstance(value, float) else value), name
        assert record.getMessage() == "request"

    def test_a_plain_line_is_written_in_the_short_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(logs, "_members", None)
        assert '"path":"/api/v1/posts"' in JSONFormatter().format(request_record())


# Writes a line that cannot be made and one that can, and dies without letting go of anything.
DYING = """
import logging.config, os
from app import logs
logging.config.dictConfig(logs.configuration("INFO", "json"))
logging.getLogger("tests").info("%d", "none")
logging.getLogger("tests").info("the last words")
os._exit(7)
"""


def test_a_line_is_out_once_it_is_written_and_one_that_cannot_be_made_costs_nothing_else() -> None:
    done = subprocess.run([sys.executable, "-c", DYING], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 7
    assert "Logging error" in done.stderr
    assert json.loads(done.stderr.splitlines()[-1])["message"] == "the last words"
