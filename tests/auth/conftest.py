"""Members who can log in, and a database in which what is written stays written."""

from functools import cache
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from app.auth.passwords import hasher
from tests.committed import committed, committed_database
from tests.factories import PASSWORD, Factory, Member
from tests.mail.inbox import inbox

REGISTRATION = {"username": "ada_l", "email": "ada@example.org", "password": PASSWORD}

__all__ = ["committed", "committed_database", "inbox"]


@cache
def real_hash() -> str:
    """Return the hash of PASSWORD, made once as the service makes it."""
    return hasher.hash(PASSWORD)


async def log_in(client: AsyncClient, username: str, password: str = PASSWORD, **form: str) -> Response:
    """Log in by name and password."""
    return await client.post("/auth/login", data={"username": username, "password": password} | form)


async def refresh(client: AsyncClient, token: str) -> Response:
    """Exchange a refresh token."""
    return await client.post("/auth/refresh", json={"refresh_token": token})


def bearer(token: str) -> dict[str, str]:
    """Return what carries an access token."""
    return {"Authorization": f"Bearer {token}"}


async def is_alive(client: AsyncClient, tokens: dict[str, Any]) -> bool:
    """Whether the access token of a pair is accepted."""
    answer = await client.get("/users/me", headers=bearer(tokens["access_token"]))
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


@pytest.fixture
async def ada(make: Factory) -> Member:
    """A member whose password is PASSWORD."""
    return await make.member(username="Ada_L", email="ada@example.org", password_hash=real_hash())


@pytest.fixture
async def tokens(client: AsyncClient, ada: Member) -> dict[str, Any]:
    """The tokens of a login of Ada."""
    answer = await log_in(client, ada.username)
    assert answer.status_code == 200
    return answer.json()
