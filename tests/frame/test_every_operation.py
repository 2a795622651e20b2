"""What every operation refuses, whoever wrote it: derived from the contract, so that a new one is covered at once."""

import re
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient, Response

from app.settings import settings
from tests.contract.document import Operation, operations, resolve
from tests.factories import Factory
from tests.frame.conftest import Fingerprint

MARKER = "Zx9MarkerQq"
SECURED = [operation for operation in operations() if operation.needs_credentials]
OPTIONAL = [operation for operation in operations() if operation.takes_credentials]
SCOPED = [operation for operation in operations() if operation.scopes]
WITH_BODY = [operation for operation in operations() if operation.content]
WITH_ID = [operation for operation in operations() if re.search("{[a-z]+_id}", operation.path)]
WITH_IF_MATCH = [operation for operation in operations() if "If-Match" in operation.named("header")]


def path_of(operation: Operation, value: str | None = None) -> str:
    """Fill the path with something that is not there, or with a value that cannot be."""

    def fill(match: re.Match[str]) -> str:
        return value or (str(uuid4()) if match[1].endswith("_id") else "nobody")

    return re.sub("{([a-z_]+)}", fill, operation.path)


async def call(client: AsyncClient, operation: Operation, path: str | None = None, **given: Any) -> Response:
    """Send a request that is as complete as need be, but for what the test says."""
    headers: dict[str, str] = {"If-Match": "*"} if operation in WITH_IF_MATCH else {}
    if operation.content:
        headers["Content-Type"] = operation.media_type
        form = operation.media_type.endswith("urlencoded")
        given.setdefault("content", b"username=nobody&password=none" if form else b"{}")
    headers |= given.pop("headers", {})
    return await client.request(operation.method, path or path_of(operation), headers=headers, **given)


def by_name(operation: Operation) -> str:
    return operation.name


class TestEveryOperation:
    @pytest.mark.parametrize("operation", SECURED, ids=by_name)
    async def test_needs_the_credentials_it_declares(
        self, client: AsyncClient, fingerprint: Fingerprint, operation: Operation
    ) -> None:
        before = await fingerprint()
        answer = await call(client, operation)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert await fingerprint() == before

    @pytest.mark.parametrize("operation", OPTIONAL, ids=by_name)
    @pytest.mark.parametrize("credentials", [f"Bearer {MARKER}", "Bearer a.b.c"])
    async def test_refuses_a_forged_token(
        self, client: AsyncClient, fingerprint: Fingerprint, operation: Operation, credentials: str
    ) -> None:
        before = await fingerprint()
        answer = await call(client, operation, headers={"Authorization": credentials})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
        assert MARKER not in answer.text
        assert await fingerprint() == before

    @pytest.mark.parametrize("operation", SCOPED, ids=by_name)
    async def test_refuses_a_token_without_its_scope(
        self, client: AsyncClient, make: Factory, fingerprint: Fingerprint, operation: Operation
    ) -> None:
        admin = await make.member("admin", scopes=frozenset())
        before = await fingerprint()
        answer = await call(client, operation, headers=admin.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert await fingerprint() == before

    @pytest.mark.parametrize("operation", operations(), ids=by_name)
    async def test_refuses_unknown_parameters(
        self, client: AsyncClient, make: Factory, fingerprint: Fingerprint, operation: Operation
    ) -> None:
        admin = await make.member("admin")
        before = await fingerprint()
        answer = await call(client, operation, headers=admin.headers, params={"unheard_of": MARKER})
        assert answer.status_code == 422
        error = answer.json()["errors"][0]
        assert (error["parameter"], error["code"]) == ("unheard_of", "unknown_parameter")
        assert MARKER not in answer.text
        assert await fingerprint() == before

    @pytest.mark.parametrize("operation", WITH_ID, ids=by_name)
    @pytest.mark.parametrize(
        "value", ["1", "not-a-uuid", "%00", "{00000000-0000-0000-0000-000000000000}", "%F0%9F%92%A9"]
    )
    async def test_refuses_ids_that_are_none(
        self, client: AsyncClient, make: Factory, operation: Operation, value: str
    ) -> None:
        admin = await make.member("admin")
        answer = await call(client, operation, path_of(operation, value), headers=admin.headers)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"].endswith("_id")

    @pytest.mark.parametrize("operation", WITH_IF_MATCH, ids=by_name)
    async def test_needs_the_if_match_it_declares(
        self, client: AsyncClient, make: Factory, fingerprint: Fingerprint, operation: Operation
    ) -> None:
        admin = await make.member("admin")
        before = await fingerprint()
        bodies: dict[str, Any] = {"content": b'{"color": "#112233"}'} if operation.content else {}
        headers = admin.headers | ({"Content-Type": operation.media_type} if operation.content else {})
        answer = await client.request(operation.method, path_of(operation), headers=headers, **bodies)
        assert answer.status_code in (422, 428)
        if not operation.content or operation.name == "updateTag":
            assert answer.json()["code"] == "precondition_required"
        assert await fingerprint() == before

    @pytest.mark.parametrize("operation", WITH_BODY, ids=by_name)
    async def test_refuses_bodies_that_it_cannot_read(
        self, client: AsyncClient, make: Factory, fingerprint: Fingerprint, operation: Operation
    ) -> None:
        admin = await make.member("admin")
        before = await fingerprint()
        form = operation.media_type.endswith("urlencoded")
        broken = b"username=%ff" if form else f'{{"title": "{MARKER}'.encode()
        answer = await call(client, operation, headers=admin.headers, content=broken)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
        other = await call(client, operation, headers=admin.headers | {"Content-Type": "text/plain"}, content=b"{}")
        assert (other.status_code, other.json()["code"]) == (415, "unsupported_media_type")
        large = await call(
            client, operation, headers=admin.headers, content=MARKER.encode() * (settings().max_body_bytes // 10)
        )
        assert (large.status_code, large.json()["code"]) == (413, "payload_too_large")
        assert MARKER not in answer.text + other.text + large.text
        assert await fingerprint() == before

    @pytest.mark.parametrize("operation", operations(), ids=by_name)
    async def test_never_repeats_a_value(
        self, client: AsyncClient, make: Factory, fingerprint: Fingerprint, operation: Operation
    ) -> None:
        """A marker stands in every parameter and member that exists, each time as something that cannot be."""
        admin = await make.member("admin")
        before = await fingerprint()
        wrong = f"{MARKER} \N{PILE OF POO}"
        query = dict.fromkeys(operation.named("query"), wrong)
        headers = admin.headers | {
            name: MARKER * 40 for name in operation.named("header") if name in ("If-Match", "Idempotency-Key")
        }
        answers = [await call(client, operation, headers=admin.headers, params=query)] if query else []
        if operation.content:
            schema = resolve(operation.content[operation.media_type]["schema"])
            form = operation.media_type.endswith("urlencoded")
            for value in (wrong * 10_000, MARKER, [MARKER], {MARKER: MARKER}, "\u0000" + MARKER):
                body = dict.fromkeys(schema["properties"], value)
                sent: dict[str, Any] = {"data": {name: str(text) for name, text in body.items()}} if form else {}
                kept = headers | ({"Content-Type": operation.media_type})
                path = path_of(operation)
                answers.append(await client.request(operation.method, path, headers=kept, **(sent or {"json": body})))
        elif "If-Match" in headers:
            answers.append(await client.request(operation.method, path_of(operation), headers=headers))
        for answer in answers:
            assert 400 <= answer.status_code < 500, answer.text
            document = answer.json()
            # Names are named; the list inside a list was given one that is a value here.
            errors = [error for error in document.get("errors", []) if MARKER not in error.get("pointer", "")]
            assert MARKER not in str({**document, "errors": errors}), answer.text
            assert MARKER not in str(answer.headers.multi_items())
        assert await fingerprint() == before
