"""A session in a browser: what its cookies are like, how it is renewed and closed, and who may not use it."""

from http.cookies import SimpleCookie

import pytest
from httpx2 import AsyncClient, Response

from app.auth.csrf import ACCESS, REFRESH, TOKEN
from app.auth.living import forget
from app.settings import settings
from tests.auth.conftest import bearer, log_in, real_hash
from tests.factories import PASSWORD, Factory, Member

SESSION = "/auth/session"


def cookies_of(answer: Response) -> SimpleCookie:
    """Return the cookies that the answer sets."""
    jar = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        jar.load(line)
    return jar


def sent(jar: SimpleCookie, *names: str) -> dict[str, str]:
    """Return what a page sends that has these of the cookies, and the token in its header."""
    cookie = "; ".join(f"{name}={jar[name].value}" for name in (*names, TOKEN))
    return {"Cookie": cookie, "X-CSRF-Token": jar[TOKEN].value}


async def open_session(client: AsyncClient, member: Member, password: str = PASSWORD, **headers: str) -> Response:
    form = {"grant_type": "password", "username": member.username, "password": password}
    return await client.post(SESSION, data=form, headers=headers)


@pytest.fixture
async def jar(client: AsyncClient, ada: Member) -> SimpleCookie:
    """The cookies of a session of Ada."""
    answer = await open_session(client, ada)
    assert answer.status_code == 204
    return cookies_of(answer)


class TestOpenSession:
    async def test_sets_cookies_that_stay_at_home(self, jar: SimpleCookie) -> None:
        assert set(jar) == {ACCESS, REFRESH, TOKEN}
        assert all(morsel["secure"] and morsel["samesite"] == "Lax" for morsel in jar.values())
        assert not any(morsel["domain"] for morsel in jar.values())
        assert {name for name, morsel in jar.items() if morsel["httponly"]} == {ACCESS, REFRESH}
        assert {name: morsel["path"] for name, morsel in jar.items()} == {
            ACCESS: "/",
            REFRESH: "/api/v1/auth/session",
            TOKEN: "/",
        }
        assert int(jar[ACCESS]["max-age"]) == settings().access_token_expire_minutes * 60
        assert int(jar[REFRESH]["max-age"]) == settings().refresh_token_expire_days * 86_400

    async def test_refuses_as_log_in_does(self, client: AsyncClient, ada: Member) -> None:
        answer = await open_session(client, ada, "Tr0mbone!")
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
        assert "set-cookie" not in answer.headers

    async def test_of_a_closed_account_is_403(self, client: AsyncClient, make: Factory) -> None:
        closed = await make.member(password_hash=real_hash(), is_active=False)
        answer = await open_session(client, closed)
        assert (answer.status_code, answer.json()["code"]) == (403, "account_inactive")
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8000"}, 204),
            ({"Sec-Fetch-Site": "none"}, 204),
            ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"}, 204),
            ({"Origin": "http://localhost:8000"}, 204),
            ({"Origin": "http://localhost:3000"}, 204),
            ({"Origin": "null"}, 403),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "http://localhost:8000.evil.example"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "SAME-ORIGIN"}, 403),
        ],
        ids=str,
    )
    async def test_is_for_our_pages_alone(
        self, client: AsyncClient, ada: Member, headers: dict[str, str], status: int
    ) -> None:
        answer = await open_session(client, ada, **headers)
        assert answer.status_code == status
        assert ("set-cookie" in answer.headers) == (status == 204)


class TestRenewSession:
    async def test_gives_new_cookies_and_spends_the_old(self, client: AsyncClient, jar: SimpleCookie) -> None:
        first = await client.put(SESSION, headers=sent(jar, REFRESH))
        assert first.status_code == 204
        renewed = cookies_of(first)
        assert renewed[REFRESH].value != jar[REFRESH].value
        assert renewed[TOKEN].value == jar[TOKEN].value
        assert (await client.get("/users/me", headers=sent(renewed, ACCESS))).status_code == 200

    async def test_twice_with_one_cookie_ends_the_session(self, client: AsyncClient, jar: SimpleCookie) -> None:
        renewed = cookies_of(await client.put(SESSION, headers=sent(jar, REFRESH)))
        again = await client.put(SESSION, headers=sent(jar, REFRESH))
        assert (again.status_code, again.json()["code"]) == (401, "invalid_token")
        assert (await client.get("/users/me", headers=sent(renewed, ACCESS))).status_code == 401

    async def test_takes_no_access_token(self, client: AsyncClient, jar: SimpleCookie) -> None:
        swapped = SimpleCookie({TOKEN: jar[TOKEN].value, REFRESH: jar[ACCESS].value})
        answer = await client.put(SESSION, headers=sent(swapped, REFRESH))
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


class TestCloseSession:
    async def test_ends_the_session_and_takes_the_cookies_back(self, client: AsyncClient, jar: SimpleCookie) -> None:
        answer = await client.delete(SESSION, headers=sent(jar, ACCESS, REFRESH))
        assert answer.status_code == 204
        gone = cookies_of(answer)
        cleared = {name: (morsel.value, morsel["max-age"]) for name, morsel in gone.items()}
        assert cleared == dict.fromkeys((ACCESS, REFRESH, TOKEN), ("", "0"))
        assert gone[REFRESH]["path"] == "/api/v1/auth/session"
        assert (await client.get("/users/me", headers=sent(jar, ACCESS))).status_code == 401
        assert (await client.put(SESSION, headers=sent(jar, REFRESH))).status_code == 401


class TestCredentialsBeside:
    async def test_a_cookie_of_another_member_is_not_overlooked(
        self, client: AsyncClient, jar: SimpleCookie, make: Factory
    ) -> None:
        stranger = await make.member()
        cookie = {"Cookie": f"{ACCESS}={jar[ACCESS].value}"}
        for request in (
            client.get("/users/me", headers=stranger.headers | cookie),
            client.post("/auth/logout", headers=stranger.headers | cookie),
        ):
            answer = await request
            assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
        assert (await client.get("/users/me", headers=stranger.headers)).status_code == 200

    async def test_two_sessions_of_one_member_agree(self, client: AsyncClient, jar: SimpleCookie, ada: Member) -> None:
        other = (await log_in(client, ada.username)).json()
        answer = await client.get("/users/me", headers=bearer(other["access_token"]) | sent(jar, ACCESS))
        assert answer.status_code == 200

    @pytest.mark.parametrize("cookie", ["a=b", "__Host-access_token=", "__Host-access_token", ";;;", "=", "\x01=\x02"])
    async def test_odd_cookies_are_nobodys(self, client: AsyncClient, cookie: str) -> None:
        forget()
        answer = await client.get("/users/me", headers={"Cookie": cookie})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
