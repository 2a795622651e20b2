"""Whose credentials count: the alternatives of `security`, and what each scheme reads."""

from base64 import b64encode
from typing import Any

import pytest

from app.problems import NotAuthenticated
from app.runtime.security import Basic, Credentials, RequirementSets, Security
from tests.runtime.arriving import arrived

SCHEMES: dict[str, dict[str, Any]] = {
    "bearer": {"type": "oauth2"},
    "basic": {"type": "http", "scheme": "basic"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
}
Given = tuple[RequirementSets, Credentials]


async def noted(requirements: RequirementSets, credentials: Credentials) -> Given:
    """Authorize everybody, as what they present."""
    return requirements, dict(credentials)


def security(*alternatives: dict[str, list[str]]) -> Security:
    return Security(alternatives, SCHEMES, noted)


async def test_of_the_alternatives_those_count_whose_credentials_are_all_there() -> None:
    guarded = security({"bearer": ["write"]}, {"cookie": ["write"], "key": []}, {"key": ["read", "write"]})
    given = await guarded.authenticate(arrived(headers={"X-Key": "k", "Authorization": "Basic x"}))
    assert given == (((("key", ("read", "write")),),), {"key": "k"})
    given = await guarded.authenticate(arrived(headers={"X-Key": "k"}, cookies={"session": "s"}))
    assert given == (
        ((("cookie", ("write",)), ("key", ())), (("key", ("read", "write")),)),
        {"cookie": "s", "key": "k"},
    )


@pytest.mark.parametrize(
    ("headers", "cookies"),
    [
        ({}, {}),
        ({"Authorization": "Bearer"}, {}),
        ({"Authorization": "Bearer "}, {}),
        ({"Authorization": "Bearer t\xe9"}, {}),
        ({"Authorization": "Digest t"}, {}),
        ({"X-Key": ""}, {}),
        ({"X-Key": "k\xe9"}, {}),
        ({}, {"session": ""}),
    ],
)
async def test_who_presents_nothing_is_nobody(headers: dict[str, str], cookies: dict[str, str]) -> None:
    asked = arrived(headers=headers, cookies=cookies)
    with pytest.raises(NotAuthenticated):
        await security({"bearer": []}, {"key": []}, {"cookie": []}).authenticate(asked)
    assert await security({}, {"bearer": []}, {"key": []}, {"cookie": []}).authenticate(asked) is None


async def test_half_of_an_alternative_is_none() -> None:
    asked = arrived(cookies={"session": "s"})
    with pytest.raises(NotAuthenticated):
        await security({"cookie": [], "key": []}).authenticate(asked)
    assert await security({}, {"cookie": [], "key": []}).authenticate(asked) is None


async def test_a_scheme_is_written_in_any_case() -> None:
    given = await security({"bearer": []}).authenticate(arrived(headers={"Authorization": "bEARER abc"}))
    assert given == (((("bearer", ()),),), {"bearer": "abc"})


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b64encode("zoë:a:b".encode()).decode(), Basic("zoë", "a:b")),
        (b64encode(b":").decode(), Basic("", "")),
        (b64encode(b"nobody").decode(), None),
        ("***", None),
        (b64encode(b"\xff:x").decode(), None),
    ],
)
async def test_a_name_and_a_password(sent: str, expected: Basic | None) -> None:
    asked = arrived(headers={"Authorization": f"Basic {sent}"})
    given = await security({}, {"basic": []}).authenticate(asked)
    assert given == (None if expected is None else (((("basic", ()),),), {"basic": expected}))


def test_a_scheme_that_nothing_reads_stops_the_start() -> None:
    with pytest.raises(RuntimeError, match="security scheme tls"):
        Security([{"tls": []}], {"tls": {"type": "mutualTLS"}}, noted)
