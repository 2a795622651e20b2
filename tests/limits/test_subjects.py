"""For whom a request counts: the member, else the address or its network, and never what somebody has made up."""

from collections.abc import Iterator

import pytest
from httpx2 import AsyncClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import limits, main
from app.access import identify
from app.addresses import network_of
from app.current import current
from app.limits import Limits
from app.main import middleware
from app.settings import Settings
from tests.factories import Factory

QUOTA = 3


@pytest.fixture(autouse=True)
def few() -> Iterator[None]:
    before = limits.in_force()
    limits.use(Limits(Settings(rate_limit=f"{QUOTA}/day", rate_limit_auth=f"{QUOTA}/day"), identify))
    yield
    limits.use(before)


async def left(client: AsyncClient, **headers: str) -> int:
    """Ask for something, and return what is left of the quota; -1 when it was used up."""
    answer = await client.get("/tags", headers=headers)
    if answer.status_code == 429:
        return -1
    return int(answer.headers["RateLimit"].split("r=")[1].split(";")[0])


async def never() -> Message:
    raise AssertionError("nothing reads the body")


async def unheard(message: Message) -> None:
    assert message["type"].startswith("http.response.")


class TestSubject:
    async def test_is_the_member_and_not_the_address(self, client: AsyncClient, make: Factory) -> None:
        ada, bob = await make.member(), await make.member()
        for expected in (2, 1, 0, -1):
            assert await left(client, **ada.headers) == expected
        assert await left(client, **bob.headers) == 2
        assert await left(client) == 2

    async def test_is_the_address_for_tokens_that_are_not_ours(self, client: AsyncClient, make: Factory) -> None:
        token = (await make.member()).headers["Authorization"]
        # Never the signature that it has: of a thousand tokens one ends in AA by itself.
        other = "B" if token[-9] == "A" else "A"
        forged = [f"{token[:-9]}{other}{token[-8:]}", "Bearer x", "Basic QTpC", f"{token[:-9]}{other * 9}"]
        answers = [(await client.get("/tags", headers={"Authorization": value})) for value in forged]
        assert [answer.status_code for answer in answers[-1:]] == [429]

    async def test_is_the_address_where_the_contract_says_so(self, client: AsyncClient, make: Factory) -> None:
        form = {"username": "nobody", "password": "none"}
        statuses = [
            (await client.post("/auth/login", data=form, headers=(await make.member()).headers)).status_code
            for _ in range(QUOTA + 1)
        ]
        assert statuses == [401, 401, 401, 429]


class TestAnswer:
    async def test_tells_the_policy_and_what_is_left(self, client: AsyncClient) -> None:
        answers = [await client.get("/tags") for _ in range(QUOTA + 1)]
        told = [answer.headers["RateLimit"].split(";t=") for answer in answers]
        assert [what for what, _ in told] == [f'"default";r={count}' for count in (2, 1, 0, 0)]
        # Of a day, nearly all is left.
        assert all(86_300 < int(seconds) <= 86_400 for _, seconds in told)
        assert {answer.headers["RateLimit-Policy"] for answer in answers} == {f'"default";q={QUOTA};w=86400'}


class TestNetwork:
    @pytest.mark.parametrize(
        "spelling",
        [
            "2001:db8:0:1::1",
            "2001:0db8:0000:0001:ffff:ffff:ffff:ffff",
            "2001:DB8:0:1:0:0:0:0",
            "2001:db8::1:1:2:3:4",
            "2001:db8:0:1::192.0.2.1",
            "2001:db8:0:1::1%eth0",
        ],
    )
    def test_of_ipv6_is_that_of_64_bits_however_written(self, spelling: str) -> None:
        assert network_of(spelling) == network_of("2001:db8:0:1::")
        assert network_of(spelling) != network_of("2001:db8:0:2::")

    @pytest.mark.parametrize("spelling", ["::ffff:192.0.2.7", "::ffff:c000:207", "0:0:0:0:0:FFFF:192.0.2.7"])
    def test_of_a_mapped_address_is_that_of_ipv4(self, spelling: str) -> None:
        assert network_of(spelling) == network_of("192.0.2.7") != network_of("192.0.2.8")

    @pytest.mark.parametrize(
        "text", ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "999.1.1.1", "x" * 9_000, "::1::"]
    )
    def test_of_what_is_no_address_is_one_for_all(self, text: str) -> None:
        assert not network_of(text)


class TestAddress:
    """Whom `current().address` names, behind the proxies that the settings name."""

    @staticmethod
    async def address(proxies: str, peer: str, *forwarded: str) -> str:
        """Return the address that the service sees."""
        found: list[str] = []

        async def service(scope: Scope, receive: Receive, send: Send) -> None:
            del scope, receive
            found.append(current().address)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        app: ASGIApp = service
        for part, args, kwargs in reversed(middleware(Settings.model_validate({"trusted_proxies": proxies}))):
            app = part(app, *args, **kwargs)
        headers = [(b"host", b"localhost"), *((b"x-forwarded-for", value.encode()) for value in forwarded)]
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "client": (peer, 50_000)}
        await app({**scope, "headers": headers}, never, unheard)
        return found[0]

    @pytest.mark.parametrize("forwarded", [["203.0.113.9"], ["203.0.113.9", "10.0.0.7"], ["x" * 8_192], []])
    async def test_is_the_peer_when_nobody_is_trusted(self, forwarded: list[str]) -> None:
        assert await self.address("", "10.0.0.7", *forwarded) == "10.0.0.7"

    @pytest.mark.parametrize("peer", ["10.0.1.7", "192.0.2.1", "::1", "::ffff:192.0.2.1", "2001:db8:1::7"])
    async def test_is_the_peer_when_he_is_not_trusted(self, peer: str) -> None:
        found = await self.address("10.0.0.0/24,2001:db8::/64", peer, "203.0.113.9")
        assert found == peer.removeprefix("::ffff:")

    @pytest.mark.parametrize(
        ("forwarded", "expected"),
        [
            (["203.0.113.9"], "203.0.113.9"),
            # What the client claims stands to the left of what the proxy has seen.
            (["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            (["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
            (["10.0.0.9, 203.0.113.9, 10.0.0.8"], "203.0.113.9"),
            (["127.0.0.1, , unknown,203.0.113.9 "], "203.0.113.9"),
            (["203.0.113.9:4711"], "203.0.113.9"),
            (["[2001:db8:9::1]:4711"], "2001:db8:9::1"),
            (["[2001:db8:9::1]"], "2001:db8:9::1"),
            (["x" * 8_192 + ",203.0.113.9"], "203.0.113.9"),
            (["1.1.1.1," * 1_000 + "203.0.113.9"], "203.0.113.9"),
            ([], "10.0.0.7"),
            ([""], "10.0.0.7"),
        ],
    )
    @pytest.mark.parametrize("peer", ["10.0.0.7", "::ffff:10.0.0.7"])
    async def test_is_what_the_last_trusted_proxy_has_seen(
        self, peer: str, forwarded: list[str], expected: str
    ) -> None:
        found = await self.address("10.0.0.0/24, 2001:db8::7", peer, *forwarded)
        assert found == expected

    @pytest.mark.parametrize("garbage", ["unknown", "[::1", "[::1]x", "1.2.3.4:port", '"[::1]"', "%", "x" * 8_192])
    async def test_is_nothing_when_the_proxy_tells_garbage(self, garbage: str) -> None:
        assert not await self.address("10.0.0.7", "10.0.0.7", garbage)

    def test_is_not_looked_for_when_nobody_is_trusted(self) -> None:
        parts = [part.cls for part in middleware(Settings())]
        assert main.ProxyHeadersMiddleware not in parts
