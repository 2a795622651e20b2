"""The differences that were decided, each with the sentence of the contract that decides it.

A difference is known by the request that has it and, as far as can be, by what the generated server answers to the
request that says the same in the form that it reads: then that is what the compiled server must answer.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from tests.differential.raw import Raw, Seen, differing
from tests.differential.sides import Pair, Sides

OPENAPI = Path(__file__).parents[2] / "openapi"
_STRAY = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ENCODED_SLASH = re.compile(rb"%2[Ff]")
_FORM = b"application/x-www-form-urlencoded"


def _same(raw: Raw) -> Raw:
    return raw


class Decided(NamedTuple):
    """A difference: what differs, where the contract decides it and in which words, and how it is known.

    `reading` is the request as the generated server has to be asked it; `settled` takes out of its answer what may
    differ then.
    """

    name: str
    what: str
    file: str
    sentence: str
    applies: Callable[[Pair], bool]
    reading: Callable[[Raw], Raw] = _same
    settled: Callable[[Seen, Seen], None] = lambda _, __: None

    def is_in_the_contract(self) -> bool:
        """Whether the contract still says the sentence."""
        return " ".join(self.sentence.split()) in " ".join((OPENAPI / self.file).read_text().split())


def _order(old: Seen, new: Seen) -> None:
    """Put the errors of both into one order, where they are the same."""
    errors = sorted(new.errors, key=lambda error: sorted(error.items()))
    if sorted(old.errors, key=lambda error: sorted(error.items())) == errors:
        old.document = {**old.document, "errors": new.errors}


def _several_errors(pair: Pair) -> bool:
    return min(len(pair.old.errors), len(pair.new.errors)) > 1


def _repeated(pair: Pair) -> bool:
    return _joined(pair.raw) != pair.raw


def _joined(raw: Raw) -> Raw:
    """Return a request whose header lines of one name are one line; of two names each line has a meaning of its own."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in raw.headers:
        values.setdefault(name, []).append(value)
    apart = (b"cookie", b"content-type")
    lines = [(name, b", ".join(given)) for name, given in values.items() if name not in apart]
    return raw._replace(headers=(*lines, *(pair for pair in raw.headers if pair[0] in apart)))


def _without_slash(raw: Raw) -> Raw:
    """Return a request with something in place of an encoded slash that no parameter takes either."""
    return raw._replace(path=_ENCODED_SLASH.sub(b"~", raw.path))


def _instance(old: Seen, new: Seen) -> None:
    """Both tell the path as it came."""
    if old.code and new.code:
        old.document = {**old.document, "instance": new.document["instance"]}


def _has_encoded_slash(pair: Pair) -> bool:
    return _ENCODED_SLASH.search(pair.raw.path) is not None


def _escaped(raw: Raw) -> Raw:
    """Return a request whose percent signs are what they were taken for, as are bytes in its path that are no text."""
    texts = [unquote_to_bytes(_STRAY.sub(b"%25", part)).decode("utf-8", "replace") for part in raw.path.split(b"/")]
    path = "/".join(quote(text, safe="") for text in texts).encode()
    return raw._replace(path=path, query=_STRAY.sub(b"%25", raw.query))


def _undecodable(path: bytes) -> bool:
    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return True
    return _STRAY.search(path) is not None


def _unreadable_for_one(pair: Pair) -> bool:
    stray = _undecodable(pair.raw.path) or _STRAY.search(pair.raw.query) is not None
    return stray and pair.old.code == "malformed_request" != pair.new.code


def _stray_in_form(pair: Pair) -> bool:
    is_form = any(value.lower().startswith(_FORM) for value in pair.raw.values(b"content-type"))
    unreadable = pair.old.code == pair.new.code == "malformed_request"
    return is_form and unreadable and _STRAY.search(pair.raw.body) is not None


def _detail(old: Seen, new: Seen) -> None:
    """The generated server has one reason for all that it cannot read."""
    if old.document["detail"] == "The request cannot be read.":
        old.document = {**old.document, "detail": new.document["detail"]}


def _parameters_of_form(pair: Pair) -> bool:
    codes = pair.old.code == "unsupported_media_type" != pair.new.code
    return codes and any(value.lower().startswith(_FORM + b";") for value in pair.raw.values(b"content-type"))


def _essence(raw: Raw) -> Raw:
    """Return a request whose media type has no parameters."""
    return raw.having(b"content-type", raw.values(b"content-type")[-1].partition(b";")[0])


TABLE = (
    Decided(
        "order of errors",
        "The generated server tells of path, query, header and body in turn, and of numbers after texts; the compiled "
        "one tells of parameters in the order of the contract, and of the body at last.",
        "schemas/Problem.yaml",
        "Each value that was not accepted.",
        _several_errors,
        settled=_order,
    ),
    Decided(
        "repeated headers",
        "Of a header in several lines the generated server believes the first, the compiled one reads a list.",
        "schemas/EntityTags.yaml",
        "One entity tag, a list of them separated by commas, or `*`.",
        _repeated,
        reading=_joined,
    ),
    Decided(
        "encoded slash",
        "Before the generated server an encoded slash parted segments; for the compiled one it is part of a value.",
        "responses/ValidationFailed.yaml",
        "A value is missing, unknown or out of its bounds; `errors` names each.",
        _has_encoded_slash,
        reading=_without_slash,
        settled=_instance,
    ),
    Decided(
        "stray percent sign",
        "In the place of a number or a boolean, the generated server cannot read a percent sign that encodes nothing; "
        "anywhere else, and for the compiled one everywhere, it is a character.",
        "schemas/ProblemCode.yaml",
        "The request cannot be read at all: its JSON is broken, or a header is not ASCII.",
        _unreadable_for_one,
        reading=_escaped,
    ),
    Decided(
        "reason of an unreadable form",
        "Of a percent sign that encodes nothing in a form, the compiled server says that the form cannot be decoded.",
        "schemas/Problem.yaml",
        "What happened this time.",
        _stray_in_form,
        settled=_detail,
    ),
    Decided(
        "parameters of a form's media type",
        "The generated server refuses a form for what stands after its media type, though not JSON; it means nothing.",
        "schemas/ProblemCode.yaml",
        "The body is of another media type than the operation takes, or is compressed.",
        _parameters_of_form,
        reading=_essence,
    ),
)


async def judged(sides: Sides, pair: Pair) -> tuple[list[str], list[str]]:
    """Return the parts that differ without a decision, and the names of the decisions that were met."""
    met: list[Decided] = []
    reading = pair.raw
    for entry in TABLE[::-1]:
        if not differing(pair.old, pair.new):
            break
        if not entry.applies(pair):
            continue
        met.append(entry)
        if entry.reading is not _same:
            reading = entry.reading(reading)
            pair = await sides.ask_apart(pair.raw, reading)
        for known in met:
            known.settled(pair.old, pair.new)
    return differing(pair.old, pair.new), [entry.name for entry in met]
