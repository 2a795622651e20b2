"""The files that are made of a recording: examples that the contract refers to, and a record of every exchange."""

import re
from collections.abc import Iterable
from typing import Any

import yaml

from scripts.examples.teller import Exchange

COUNTED = re.compile(r"\([0-9,]+ bytes\)")
EXAMPLES, EXCHANGES = "examples", "exchanges"
NOTE = "# Recorded by `make examples` from scripts/examples/stories; never edited by hand.\n"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, and everything where it stands, even if it stands elsewhere too."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _text)


def _render(document: Any) -> str:
    return NOTE + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _name(exchange: Exchange, part: str) -> str:
    return f"{exchange.operation}.{exchange.case}.{part}.yaml"


def _examples(exchange: Exchange) -> dict[str, Any]:
    """Return the bodies that are examples in the contract, by file name."""
    found: dict[str, Any] = {}
    if exchange.failed:
        # What was sent is wrong, and so no example of what to send.
        if exchange.shown and exchange.case == exchange.answered["code"]:
            found[_name(exchange, "response")] = exchange.answered
    elif exchange.shown:
        for part, body in (("request", exchange.sent), ("response", exchange.answered)):
            # A file that is only counted shows nobody what to send.
            if body is not None and not (isinstance(body, str) and COUNTED.fullmatch(body)):
                found[_name(exchange, part)] = body
    return found


def _record(exchange: Exchange, kept: dict[str, Any]) -> dict[str, Any]:
    """Return an exchange in full; a body that is an example is named by its file."""
    request = exchange.response.request
    sent = {name.title(): value for name, value in request.headers.multi_items() if name in SHOWN_HEADERS}
    target = request.url.raw_path.decode()
    asked: dict[str, Any] = {"line": f"{request.method} {target}", "by": exchange.username or "anybody"}
    answered: dict[str, Any] = {"status": exchange.response.status_code, "headers": exchange.answer_headers}
    if sent:
        asked["headers"] = dict(sorted(sent.items()))
    for part, body, into in (("request", exchange.sent, asked), ("response", exchange.answered, answered)):
        if body is not None:
            into["body"] = {"example": _name(exchange, part)} if _name(exchange, part) in kept else body
    return {"case": exchange.case, "summary": exchange.summary, "request": asked, "response": answered}


# Whose request says something by them; the others come with the client or with the credentials.
SHOWN_HEADERS = frozenset({"content-type", "if-match", "if-none-match", "idempotency-key", "range", "if-range"})


def files(exchanges: Iterable[Exchange]) -> dict[str, str]:
    """Return the text of every file, by its path below `openapi/`."""
    written: dict[str, str] = {}
    records: dict[str, list[dict[str, Any]]] = {}
    for exchange in exchanges:
        kept = _examples(exchange)
        for name, value in kept.items():
            written[f"{EXAMPLES}/{name}"] = _render({"summary": exchange.summary, "value": value})
        records.setdefault(exchange.operation, []).append(_record(exchange, kept))
    return written | {f"{EXCHANGES}/{operation}.yaml": _render(items) for operation, items in records.items()}
