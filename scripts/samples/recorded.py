"""Requests that were recorded from the sandbox (`make examples`): what a sample asks for has been answered once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

OPENAPI = Path(__file__).parents[2] / "openapi"
# Who a request is from when nobody was logged in.
ANYBODY = "anybody"


@dataclass(frozen=True)
class Recorded:
    """The first request of an operation that was granted; `line` is as it was sent, and `by` who was logged in."""

    line: str = ""
    by: str = ""
    path: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Any = None

    def value(self, location: str, name: str) -> str | None:
        """Return what was sent as a parameter, or None."""
        sent = {"path": self.path, "query": self.query, "header": self.headers}.get(location, {})
        return sent.get(name.lower() if location == "header" else name)


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - Both are safe.


def _path_values(template: str, path: str) -> dict[str, str]:
    """Return the values of the parameters in a path, which begins with that of the server."""
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
    match = re.search(f"{pattern}$", path)
    return {name: unquote(value) for name, value in match.groupdict().items()} if match else {}


def _body(openapi: Path, body: Any) -> Any:
    """Return a recorded body; one that is an example of the contract stands in a file of its own."""
    named = cast("dict[str, str]", body).get("example") if isinstance(body, dict) else None
    return _load(openapi / "examples" / named)["value"] if named else cast("Any", body)


def recorded(operation: str, template: str, openapi: Path = OPENAPI) -> Recorded | None:
    """Return the first granted request of an operation; None when nothing was recorded of it yet."""
    file = openapi / "exchanges" / f"{operation}.yaml"
    exchanges: list[dict[str, Any]] = _load(file) if file.exists() else []
    for exchange in exchanges:
        request, status = exchange["request"], exchange["response"]["status"]
        if 200 <= status < 300:  # noqa: PLR2004 - Successes.
            line: str = request["line"]
            target = urlsplit(line.partition(" ")[2])
            return Recorded(
                line=line,
                by=request["by"],
                path=_path_values(template, target.path),
                query=dict(parse_qsl(target.query)),
                headers={name.lower(): value for name, value in request.get("headers", {}).items()},
                body=_body(openapi, request.get("body")),
            )
    return None
