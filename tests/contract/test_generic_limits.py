"""Every line that the contract draws for a request is where the service draws it: to the character, to the number."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from httpx2 import AsyncClient

from tests.contract.document import Operation, operations, resolve
from tests.contract.edges import Edge, edges, fits
from tests.contract.requests import FILES, Call

# What it takes to be served with these depends on what the service knows, and not on their form.
KNOWN = frozenset({"cursor", "refresh_token", "parent_id"})
_LOGIN = frozenset({"grant_type", "username", "password", "scope", "client_id", "client_secret"})
KNOWN_TO = {
    "logIn": _LOGIN,
    "openSession": _LOGIN,
    "verifyEmail": frozenset({"token"}),
    "resetPassword": frozenset({"token", "new_password"}),
    "changePassword": frozenset({"current_password"}),
    "compareRevisions": frozenset({"against"}),
    "mergeTag": frozenset({"into"}),
    "getOembed": frozenset({"url"}),
}
# How deep numbered pages reach depends on their number and on their size.
BESIDE = {"page": {"limit": 1}}
OF_THE_REQUEST = frozenset({400, 422})
Case = tuple[Operation, str, Edge]


def _cases(members: Callable[[Operation], dict[str, Any]]) -> list[Any]:
    cases: list[Case] = [
        (operation, name, edge)
        for operation in operations()
        for name, schema in members(operation).items()
        for edge in edges(schema)
    ]
    return [pytest.param(*case, id="-".join(map(str, case))) for case in cases]


def _members(operation: Operation) -> dict[str, Any]:
    content = operation.content.get(operation.media_type, {})
    # What comes in lines has none, and what comes as files has no values.
    return resolve(content["schema"]).get("properties", {}) if content and operation.media_type != FILES else {}


def _parameters(operation: Operation) -> dict[str, Any]:
    return {name: node["schema"] for name, node in operation.named("query").items()}


async def held(client: AsyncClient, call: Call, name: str, edge: Edge) -> None:
    """Assert that the service does with the request what the contract says of it."""
    answer = await call.send(client)
    if not edge.allowed:
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        place = error.get("parameter") or error["pointer"].split("/")[1]
        assert place == name, answer.text
    elif name in KNOWN | KNOWN_TO.get(call.operation.name, frozenset()):
        assert not is_about_form(answer.json(), answer.status_code), answer.text
    else:
        assert answer.is_success, answer.text


def is_about_form(problem: Any, status: int) -> bool:
    """Whether a refusal is about the form of a value."""
    known = {"cursor_invalid", "unknown_parent"}
    if problem.get("code") == "token_invalid":
        return False
    return status in OF_THE_REQUEST and not known.issuperset(error["code"] for error in problem["errors"])


class TestMembers:
    @pytest.mark.parametrize(("operation", "name", "edge"), _cases(_members))
    async def test_end_where_the_contract_says(self, client: AsyncClient, call: Call, name: str, edge: Edge) -> None:
        await held(client, replace(call, body=call.body | {name: edge.value}), name, edge)


class TestParameters:
    @pytest.mark.parametrize(("operation", "name", "edge"), _cases(_parameters))
    async def test_end_where_the_contract_says(self, client: AsyncClient, call: Call, name: str, edge: Edge) -> None:
        value = str(edge.value).lower() if isinstance(edge.value, bool) else edge.value
        query = dict(parse_qsl(call.query[1:])) | {name: value} | BESIDE.get(name, {})
        await held(client, replace(call, query=f"?{urlencode(query)}"), name, edge)


class TestEdges:
    def test_are_on_the_side_that_they_are_said_to_be_on(self) -> None:
        found = 0
        for operation in operations():
            for schema in (*_members(operation).values(), *_parameters(operation).values()):
                for edge in edges(schema):
                    assert fits(schema, edge.value) is edge.allowed, (operation.name, edge)
                    found += 1
        assert found > 100
