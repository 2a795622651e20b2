"""Who calls the service in the contract tests, and what is theirs there."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from app.contract import BASE_PATH, role_scopes
from app.ids import new_id

PASSWORD = "Weaves4lgebra"
# Two of each kind that may not see each other's drafts; staff is made by SQL, as nobody can promote himself.
ROLES = {"member": "user", "peer": "user", "moderator": "moderator", "manager": "manager"}
PEERS = ("member", "peer")
# As whom `make contract-test` runs, besides as nobody.
CALLERS = ("member", "moderator", "manager")
# What the service is set to besides.
SETTINGS: dict[str, str] = {}


@dataclass
class World:
    """What there is to ask for, by the name of the parameter that takes it."""

    known: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in PARAMETERS})


# Where the generator may use what is known: `location.name` as schemathesis writes it, or an operation's own body.
PARAMETERS = (
    "path.post_id",
    "path.comment_id",
    "path.tag_id",
    "path.job_id",
    "path.username",
    "path.slug",
    "body.refresh_token",
)


def _register(client: httpx2.Client, name: str) -> None:
    answer = client.post(
        "/auth/register", json={"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    )
    answer.raise_for_status()


def _log_in(client: httpx2.Client, name: str) -> dict[str, Any]:
    answer = client.post("/auth/login", data={"username": name, "password": PASSWORD})
    return answer.raise_for_status().json()


async def _promote(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.executemany("UPDATE users SET role = $2 WHERE username = $1", list(ROLES.items()))
    finally:
        await connection.close()


async def _leave_jobs(dsn: str, name: str) -> list[str]:
    """Leave jobs that nobody does, in every state, and return their ids."""
    rows = [
        (new_id(), name, status, '{"mails": 1}' if status == "succeeded" else None)
        for status in ("queued", "running", "failed", "failed", "succeeded", "cancelled")
        for _ in range(3)
    ]
    connection = await asyncpg.connect(dsn)
    try:
        await connection.executemany(
            "INSERT INTO jobs (id, kind, owner_id, status, payload, result)"
            " SELECT $1, 'nobody.does', users.id, $3, '{}', $4 FROM users WHERE username = $2",
            rows,
        )
    finally:
        await connection.close()
    return [str(row[0]) for row in rows]


def _write(client: httpx2.Client, name: str, world: World, *, posts: int) -> None:
    """Leave published posts with a comment each, drafts when there are many posts, and a tag where the role may."""
    client.headers["Authorization"] = f"Bearer {_log_in(client, name)['access_token']}"
    for number in range(posts):
        draft = {"title": f"{name} on looms {number}", "content": "It weaves algebraical patterns.", "tags": ["looms"]}
        post = client.post("/posts", json=draft).raise_for_status().json()
        world.known["path.post_id"].append(post["id"])
        world.known["path.slug"].append(post["slug"])
        # Two of three are published, so that enough are left when others have been deleted or withdrawn.
        if number % 3 != 1:
            client.put(f"/posts/{post['id']}/publication").raise_for_status()
            answer = client.post(f"/posts/{post['id']}/comments", json={"content": "Who weaves the cards?"})
            world.known["path.comment_id"].append(answer.raise_for_status().json()["id"])
    if name == "manager":
        for tag in ("engines", "cards", "numbers", "bernoulli"):
            world.known["path.tag_id"].append(client.post("/tags", json={"name": tag}).raise_for_status().json()["id"])


def populate(address: str, dsn: str, role: str) -> World:
    """Register everybody, give them their roles, and let them write, most of all the one whose turn it is.

    Raises httpx2.HTTPStatusError when the service refuses any of it.
    """
    world = World()
    with httpx2.Client(base_url=address + BASE_PATH, timeout=30) as client:
        for name in (*ROLES, "spare"):
            _register(client, name)
            world.known["path.username"].append(name)
        asyncio.run(_promote(dsn))
        # Each can be exchanged once; exchanged again, it ends its own session and nobody else's.
        world.known["body.refresh_token"] = [_log_in(client, "spare")["refresh_token"] for _ in range(8)]
        for name in ROLES:
            _write(client, name, world, posts=18 if name == role else 1)
        if role in ROLES:
            world.known["path.job_id"] = asyncio.run(_leave_jobs(dsn, role))
    return world


def held(role: str) -> dict[str, frozenset[str]]:
    """Return the security schemes for which a caller has credentials, with the scopes these hold."""
    return {"bearer": role_scopes()[ROLES[role]]} if role in ROLES else {}


def credentials(role: str, folder: Path) -> list[str]:
    """Return the lines of schemathesis' settings by which a caller authenticates; the folder takes files of theirs."""
    if role not in ROLES:
        return []
    _write_users(folder / "users.json")
    lines = ["[auth.wfc]", f'path = "{folder / "users.json"}"', f'user = "{role}"']
    return [*lines, f"peers = {json.dumps(PEERS)}"] if role in PEERS else lines


def _write_users(path: Path) -> None:
    """Write how everybody logs in, in the form of Web Fuzzing Commons; schemathesis logs in again after a logOut."""
    users = [
        {
            "name": name,
            "loginEndpointAuth": {
                "verb": "POST",
                "endpoint": f"{BASE_PATH}/auth/login",
                "contentType": "application/x-www-form-urlencoded",
                "payloadRaw": f"username={name}&password={PASSWORD}",
                "token": {
                    "extractFrom": "body",
                    "extractSelector": "/access_token",
                    "sendIn": "header",
                    "sendName": "Authorization",
                    "sendTemplate": "Bearer {token}",
                },
            },
        }
        for name in ROLES
    ]
    path.write_text(json.dumps({"auth": users}, indent=2))
