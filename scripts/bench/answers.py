"""Whether all services answer the same, which is asked before anything is timed."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

from scripts.bench.load import LoadFailed, Request
from scripts.bench.servers import GALLEY, Server

JSON = {"Content-Type": "application/json"}
# Cursors and views are each service's own.
OWN = ("/page/", "/views")


def plain(value: Any, path: str = "") -> dict[str, str]:
    """Flatten JSON; moments are cut to seconds, because their fractions may be written in several ways."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {key: text for name in members for key, text in plain(members[name], f"{path}/{name}").items()}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return {key: text for number, item in enumerate(items) for key, text in plain(item, f"{path}/{number}").items()}
    return {path: str(value)[:19] if path.endswith("_at") else json.dumps(value)}


def compare(answers: Mapping[str, bytes], path: str, *, values: bool = True, by: str = GALLEY) -> list[str]:
    """Say which members of an answer differ from those of the service `by`, or, without `values`, which are not there.

    Nothing is said where that service has not been asked.
    """
    found = {name: plain(json.loads(answer)) for name, answer in answers.items()}
    ours = found.pop(by, {})
    return [
        f"{path.partition('?')[0]}: {member} of {name} is not {by}'s"
        for name, theirs in found.items()
        for member in sorted(ours.keys() | theirs.keys())
        if ours and not member.startswith(OWN[0]) and not member.endswith(OWN[1])
        if (member in ours) != (member in theirs) or (values and ours[member] != theirs[member])
    ]


def ask(server: Server, request: Request, status: HTTPStatus = HTTPStatus.OK) -> bytes:
    """Send a request once and return the answer. Raises LoadFailed when its status is another one."""
    name, _, value = request.credential.partition(": ")
    headers = ({name: value} if name else {}) | (JSON if request.body else {})
    answered, body = server.ask(request.method, request.path, request.body, headers)
    if answered != status:
        raise LoadFailed(f"{server.name}: {request.method} {request.path} answered {answered}: {body.decode()[:500]}")
    return body


def require_same(
    asked: Mapping[Server, Request], *, status: HTTPStatus = HTTPStatus.OK, values: bool = True, by: str = GALLEY
) -> None:
    """Ask every service for the same thing. Raises LoadFailed unless all answer it, member by member.

    What is made anew each time has other `values`.
    """
    answers = {server.name: ask(server, request, status) for server, request in asked.items()}
    path = next(iter(asked.values())).path
    if said := compare(answers, path, values=values, by=by):
        raise LoadFailed("\n".join(said))
