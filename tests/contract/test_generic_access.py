"""The matrix of access, made from the contract: every operation, every way to authenticate, everybody who may not.

Each gets the status that the contract implies, and leaves no trace in any table. A new operation, a new alternative of
its `security` and a new scope are covered at once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from httpx2 import AsyncClient

from app.auth import csrf, tokens
from app.auth.living import forget
from app.contract import role_scopes
from app.ids import new_id
from app.sql import Connection
from tests.contract.credentials import Secrets, alternatives, headers_of, secrets_of
from tests.contract.document import Node, Operation, contract, operations
from tests.contract.requests import Call
from tests.contract.resources import RESOURCES
from tests.contract.test_generic_statuses import MARKER, Send, every, refused, send
from tests.factories import Factory, Member

__all__ = ["send"]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# Those whose own scopes are asked for: a refresh cookie is renewed whatever it holds.
Case = Callable[[Secrets, Member, Factory, Connection], Awaitable[Secrets]]


def ways() -> pytest.MarkDecorator:
    """Run a test for every operation and every alternative of its security."""
    pairs = [(operation, entry) for operation in operations() for entry in alternatives(operation)]
    return pytest.mark.parametrize(("operation", "way"), pairs, ids=lambda it: it if isinstance(it, str) else _id(it))


def _id(part: Operation | Node) -> str:
    return part.name if isinstance(part, Operation) else "+".join(part)


async def forged(secrets: Secrets, *_: object) -> Secrets:
    return replace(secrets, access=f"a.{MARKER}.c", refresh=MARKER, key=f"galley_{MARKER}_{MARKER}")


async def changed(secrets: Secrets, *_: object) -> Secrets:
    last = {"A": "E", "E": "A"}
    token, key = secrets.access, secrets.key
    spoilt = token[:-1] + last.get(token[-1], "A")
    return replace(secrets, access=spoilt, refresh=secrets.refresh[:-2] + "AA", key=key[:-1] + "B")


async def expired(secrets: Secrets, member: Member, make: Factory, _: Connection) -> Secrets:
    access, refresh = (_expired(kind, member) for kind in ("access", "refresh"))
    key = await make.key(member, frozenset(role_scopes()["admin"]), expires_at=LONG_AGO)
    return replace(secrets, access=access, refresh=refresh, key=key)


def _expired(kind: tokens.TokenType, member: Member) -> str:
    """Sign a token that was good until a second ago."""
    with pytest.MonkeyPatch.context() as patched:
        past = datetime.now(UTC) - tokens.lifetime(kind) - timedelta(seconds=1)
        patched.setattr("app.clock.now", lambda: past)
        scopes = role_scopes()["admin"]
        return tokens.issue(kind, user_id=member.id, session_id=member.session_id, scopes=scopes)[0]


async def revoked(secrets: Secrets, member: Member, _: Factory, connection: Connection) -> Secrets:
    await connection.execute("UPDATE sessions SET revoked_at = now() WHERE id = $1", member.session_id)
    await connection.execute("DELETE FROM api_keys WHERE user_id = $1", member.id)
    return secrets


async def of_another_type(secrets: Secrets, *_: object) -> Secrets:
    return replace(secrets, access=secrets.refresh, refresh=secrets.access, key=secrets.access)


async def of_somebody_disabled(secrets: Secrets, member: Member, _: Factory, connection: Connection) -> Secrets:
    await connection.execute("UPDATE users SET is_active = false WHERE id = $1", member.id)
    return secrets


async def of_no_session(secrets: Secrets, member: Member, _: Factory, connection: Connection) -> Secrets:
    del connection
    access, refresh = (
        tokens.issue(kind, user_id=member.id, session_id=new_id(), scopes=role_scopes()["admin"])[0]
        for kind in ("access", "refresh")
    )
    return replace(secrets, access=access, refresh=refresh, key="galley_000000000000_" + "B" * 43)


NOT_VALID: list[Case] = [forged, changed, expired, revoked, of_another_type, of_somebody_disabled, of_no_session]


@pytest.fixture
async def secrets(make: Factory, author: Member) -> Secrets:
    """The credentials of somebody who may do everything."""
    return await secrets_of(make, author)


class TestNobody:
    @every(lambda operation: operation.needs_credentials)
    async def test_is_let_in(self, send: Send, call: Call) -> None:
        answer = await send(call.by({}))
        refused(answer, 401, "not_authenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer, Cookie, ApiKey"

    @every(lambda operation: operation.needs_credentials)
    async def test_is_told_what_else_is_wrong(self, send: Send, call: Call, operation: Operation) -> None:
        unknown = {name: RESOURCES[name][1] for name in operation.named("path")}
        spoilt = replace(call, path=unknown, body={} if operation.media_type else None)
        refused(await send(spoilt.by({})), 401, "not_authenticated")


class TestScopes:
    def test_are_described_and_granted(self) -> None:
        flow = contract()["components"]["securitySchemes"]["bearer"]["flows"]["password"]
        granted = frozenset[str]().union(*role_scopes().values())
        for operation in operations():
            assert operation.scopes <= flow["scopes"].keys() & granted, operation
        assert granted == flow["scopes"].keys()

    def test_are_those_of_every_way(self) -> None:
        for operation in operations():
            ways = [frozenset(scope for scopes in way.values() for scope in scopes) for way in alternatives(operation)]
            assert len(set(ways)) <= 1, operation


class TestEveryWay:
    @ways()
    async def test_lets_in_who_may(self, client: AsyncClient, call: Call, way: Node, secrets: Secrets) -> None:
        answer = await call.by(headers_of(way, secrets)).send(client)
        assert answer.is_success, answer.text

    @ways()
    @pytest.mark.parametrize("spoil", NOT_VALID, ids=lambda case: case.__name__)
    async def test_refuses_what_is_not_valid(  # noqa: PLR0913, PLR0917 - Fixtures.
        self,
        send: Send,
        call: Call,
        way: Node,
        secrets: Secrets,
        author: Member,
        make: Factory,
        connection: Connection,
        spoil: Case,
    ) -> None:
        spoilt = await spoil(secrets, author, make, connection)
        forget()
        answer = await send(call.by(headers_of(way, spoilt)))
        refused(answer, 401, "invalid_token")
        assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
        assert MARKER not in answer.text

    @ways()
    async def test_needs_the_scopes_of_the_contract(
        self, send: Send, call: Call, way: Node, make: Factory, author: Member
    ) -> None:
        for scope in {scope for scopes in way.values() for scope in scopes}:
            fewer = await secrets_of(make, author, role_scopes()["admin"] - {scope})
            refused(await send(call.by(headers_of(way, fewer))), 403, "permission_denied")

    @ways()
    async def test_needs_the_role_that_grants_them(self, send: Send, call: Call, way: Node, make: Factory) -> None:
        needed = {scope for scopes in way.values() for scope in scopes}
        for role, granted in role_scopes().items():
            if not needed <= granted:
                reduced = await make.member(role=role, scopes=role_scopes()["admin"])
                headers = headers_of(way, await secrets_of(make, reduced))
                refused(await send(call.by(headers)), 403, "permission_denied")


class TestOthers:
    @every(lambda operation: operation.owned)
    async def test_do_nothing_to_what_is_not_theirs(
        self, send: Send, call: Call, operation: Operation, make: Factory
    ) -> None:
        owned = operation.owned or {}
        code = {403: "permission_denied", 404: "not_found"}[owned["others"]]
        least = min(role_scopes(), key=lambda role: len(role_scopes()[role]))
        most = role_scopes()["admin"] - {owned.get("except")}
        others = [await make.member(role=least), await make.member(role="admin", scopes=most)]
        for other in others:
            answer = await send(call.by(other.headers))
            assert answer.json()["code"] in {code, "permission_denied"}
            # Who may see it is told that it is not his; nobody else is told that it is there.
            assert other is not others[0] or answer.status_code == owned["others"]

    @every(lambda operation: (operation.owned or {}).get("except"))
    async def test_need_the_scope_for_anybodys(
        self, client: AsyncClient, call: Call, operation: Operation, make: Factory
    ) -> None:
        scope = (operation.owned or {})["except"]
        for role in [role for role, granted in role_scopes().items() if scope in granted]:
            assert (await call.by((await make.member(role=role)).headers).send(client)).is_success
            break


@cache
def with_cookie() -> list[tuple[Operation, Node]]:
    """Return the operations that change something and take a cookie, with that alternative."""
    return [(operation, entry) for operation in operations() for entry in alternatives(operation) if "csrf" in entry]


by_cookie = pytest.mark.parametrize(
    ("operation", "way"), with_cookie(), ids=lambda it: it if isinstance(it, str) else _id(it)
)


class TestCookies:
    def test_alone_never_suffice_to_change_something(self) -> None:
        cookies = {"cookie", "refreshCookie"}
        for operation in operations():
            for entry in alternatives(operation):
                assert operation.method == "GET" or not (cookies & entry.keys()) or "csrf" in entry, operation

    @by_cookie
    async def test_need_the_token_of_their_session(
        self, send: Send, call: Call, way: Node, secrets: Secrets, make: Factory
    ) -> None:
        other = await make.member()
        foreign = headers_of(way, replace(secrets, csrf=csrf.token_of(other.session_id)))
        refused(await send(call.by(foreign)), 403, "csrf_failed")

    @by_cookie
    async def test_need_the_token_twice(self, send: Send, call: Call, way: Node, secrets: Secrets) -> None:
        headers = headers_of(way, secrets)
        name = "X-CSRF-Token"
        refused(await send(call.by({key: it for key, it in headers.items() if key != name})), 403, "csrf_failed")
        refused(await send(call.by(headers | {name: "another"})), 403, "csrf_failed")
        without = "; ".join(part for part in headers["Cookie"].split("; ") if not part.startswith(csrf.TOKEN))
        refused(await send(call.by(headers | {"Cookie": without})), 403, "csrf_failed")

    @every(lambda operation: operation.method != "GET")
    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    async def test_or_not_nothing_is_changed_for_a_foreign_page(self, send: Send, call: Call, site: str) -> None:
        foreign = call.with_headers(Sec_Fetch_Site=site, Origin="https://evil.example")
        refused(await send(foreign), 403, "csrf_failed")


class TestTwoAtOnce:
    @every(lambda operation: len(alternatives(operation)) > 1)
    async def test_are_refused_when_they_disagree(
        self, send: Send, call: Call, operation: Operation, secrets: Secrets, make: Factory
    ) -> None:
        first, *others = alternatives(operation)
        stranger = await secrets_of(make, await make.member(role="admin"))
        for other in others:
            headers = headers_of(other, stranger) | headers_of(first, secrets)
            refused(await send(call.by(headers)), 401, "invalid_token")
