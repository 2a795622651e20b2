"""Strict reading of what a request carries, before anything of it is believed.

It refuses what the contract does not mention (unknown and repeated parameters) and what no standard allows (`NaN`,
lone surrogates, a form that says something twice); models would let all of that pass.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson
from starlette.types import Message, Receive

from app.contract import Operation
from app.fields import DATE_TEXT, TIMESTAMP_TEXT, UUID_TEXT
from app.problems import MAX_ERRORS, FieldError, MalformedRequest, PayloadTooLarge, ValidationFailed, pointer

# Formats that Pydantic reads more laxly than the standards have them.
_FORMATS: dict[str, tuple[re.Pattern[str], str]] = {
    "uuid": (UUID_TEXT, "Must be a UUID such as 01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "date-time": (TIMESTAMP_TEXT, "Must be an RFC 3339 date and time with an offset"),
    "date": (DATE_TEXT, "Must be an RFC 3339 date such as 2027-05-16"),
}
_MAX_PAIRS = 100


def limited(receive: Receive, declared: bytes | None, limit: int) -> Receive:
    """Return a `receive` for a body of no more than this.

    Raises PayloadTooLarge (413) as soon as it is known to be more, and from then on MalformedRequest (400) where the
    client goes away before the end.
    """
    too_large = PayloadTooLarge(f"A body may have {limit:,} bytes.")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise too_large
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedRequest("The body ended early.")
        size += len(message.get("body", b""))
        if size > limit:
            raise too_large
        return message

    return counted


async def read_body(receive: Receive) -> bytes:
    """Return the body, whole."""
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


def parse_json(body: bytes) -> dict[str, Any]:
    """Return the object that the body is.

    Raises MalformedRequest (400) for what RFC 8259 does not have (NaN, 1e400, lone surrogates, wrong encodings), and
    ValidationFailed (422) for what is no object and for NUL in texts.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as failure:
        raise MalformedRequest(f"The body is not JSON: line {failure.lineno}, column {failure.colno}.") from None
    return as_object(document, body)


def as_object(document: object, source: bytes) -> dict[str, Any]:
    """Return what was parsed of this. Raises ValidationFailed (422) for what is no object and for NUL in texts."""
    if not isinstance(document, dict):
        # `null` is no absent body where the body is optional.
        raise ValidationFailed(errors=[FieldError(pointer="", code="object_type", detail="Must be an object.")])
    if b"\\u0000" in source and (pointers := list(islice(_nul_pointers(cast("object", document)), MAX_ERRORS))):
        raise ValidationFailed(
            errors=[
                FieldError(pointer=place, code="nul_character", detail="A text cannot hold NUL.") for place in pointers
            ]
        )
    return cast("dict[str, Any]", document)


def _nul_pointers(document: object) -> Iterable[str]:
    """Yield where a text or a name has NUL.

    Without recursion, because JSON nests deeper than Python calls. A pointer is made only for what is found: one for
    each of many entries under a long name would fill the memory.
    """
    path: list[str | int] = []
    levels: list[Iterator[tuple[str | int, object]]] = [iter([("", document)])]
    while levels:
        for key, node in levels[-1]:
            if isinstance(key, str) and "\x00" in key:
                yield pointer(path[1:])
            if isinstance(node, str) and "\x00" in node:
                yield pointer([*path, key][1:])
            if isinstance(node, dict | list):
                path.append(key)
                levels.append(_entries(cast("dict[str | int, object] | list[object]", node)))
                break
        else:
            levels.pop()
            del path[-1:]


def _entries(node: dict[str | int, object] | list[object]) -> Iterator[tuple[str | int, object]]:
    return iter(node.items()) if isinstance(node, dict) else enumerate(node)


def check_form(body: bytes) -> None:
    """Refuse a form that says something twice (RFC 6749, section 3.2)."""
    try:
        names = [
            name
            for name, _ in parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PAIRS)
        ]
    except ValueError:
        raise MalformedRequest("The form cannot be decoded.") from None
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValidationFailed(
            errors=[
                FieldError(pointer=f"/{name[:200]}", code="repeated_member", detail="Send it once.")
                for name in repeated
            ]
        )


def read_parameters(operation: Operation, path: Mapping[str, str], query: bytes) -> dict[str, str]:
    """Return the parameters of the query. Raises ValidationFailed (422) and MalformedRequest (400)."""
    errors: list[FieldError] = []
    for name, form in operation.path_formats.items():
        _check_format(name, form, path[name], errors)
    values: dict[str, str] = {}
    try:
        pairs = pairs_of(query) if query else ()
    except ValueError:
        raise MalformedRequest("The query string cannot be decoded.") from None
    for name, value in pairs:
        if name not in operation.query:
            errors.append(
                FieldError(parameter=name[:200], code="unknown_parameter", detail="There is no such parameter.")
            )
        elif name in values:
            errors.append(FieldError(parameter=name, code="repeated_parameter", detail="Send it once."))
        else:
            _check_format(name, operation.query[name], value, errors)
        values[name] = value
    if errors:
        raise ValidationFailed(errors=errors)
    return values


def pairs_of(query: bytes) -> Iterable[tuple[str, str]]:
    """Return the names and values of a query, as `parse_qsl` does. Raises ValueError for what cannot be decoded."""
    text = query.decode("ascii")
    if "%" in text or "+" in text:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_PAIRS)
    parts = text.split("&")
    if len(parts) > _MAX_PAIRS:
        raise ValueError("there are too many parameters")
    # Nothing is encoded, so nothing needs to be decoded: that takes half of the time.
    return [(name, value) for name, _, value in (part.partition("=") for part in parts if part)]


def _check_format(name: str, form: str | None, value: str, errors: list[FieldError]) -> None:
    pattern, detail = _FORMATS.get(form or "", (None, ""))
    if pattern is not None and not pattern.fullmatch(value):
        errors.append(FieldError(parameter=name, code=f"{form}_format".replace("-", "_"), detail=detail))
