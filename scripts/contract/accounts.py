"""Who calls the service in the contract tests, and what is theirs there."""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from app.contract import BASE_PATH, role_scopes
from scripts.contract import hooks_events, hooks_media
from scripts.contract.rows import leave_jobs, leave_notifications

# None that the contract has for an example: a caller who changed it could not log in again.
PASSWORD = "Bern0ulliNumbers"
# Two of each kind that may not see each other's drafts; staff is made by SQL, as nobody can promote himself.
ROLES = {
    "member": "user",
    "peer": "user",
    "moderator": "moderator",
    "manager": "manager",
    "administrator": "admin",
    "key": "user",
    "cookie": "user",
}
PEERS = ("member", "peer")
# As whom `make contract-test` runs, besides as nobody. The last two are members who come by key and by cookie.
CALLERS = ("member", "moderator", "manager", "administrator", "key", "cookie")
# What would leave a caller without credentials that are not asked for anew.
ENDING = {"cookie": ("closeSession", "logOut", "revokeSession")}
SPARE = 8
VARIANT_SECONDS = 60
_ADDRESS = re.compile(r'href="(http[^"]+/by-slug/[^"]+)"')
EVENT = {
    "description": "We thread a loom and punch the cards.",
    "starts_at": hooks_events.STARTS,
    "ends_at": hooks_events.ENDS,
    "max_participants": 40,
}
EXCUSED = """
# What they take is in a mail, and good once; that the right one is taken is the business of the tests.
[[operations]]
include-operation-id = ["verifyEmail", "resetPassword"]
warnings = false
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 422]

# Nobody guesses a password, and names that were guessed too often are locked.
[[operations]]
include-operation-id = ["logIn", "openSession", "changePassword"]
warnings = false
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 423]

# Nobody leaves for good (scripts/contract/hooks.py).
[[operations]]
include-operation-id = ["deleteMe"]
warnings = false
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 412]
"""
# What the service is set to besides: who guesses at a caller's password would lock the caller out. It is the most.
SETTINGS: dict[str, str] = {"MAX_LOGIN_ATTEMPTS": "100"}


@dataclass
class World:
    """What there is to ask for, by the name of the parameter that takes it."""

    known: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in PARAMETERS})
    # The credentials of who calls, where they do not come from logging in.
    headers: dict[str, str] = field(default_factory=dict[str, str])


# Where the generator may use what is known: `location.name` as schemathesis writes it, or an operation's own body.
# So many items of each member, the newest, have an image.
PICTURED = 8
PARAMETERS = (
    "path.post_id",
    "path.comment_id",
    "path.item_id",
    "path.tag_id",
    "path.category_id",
    "path.event_id",
    "path.job_id",
    "path.notification_id",
    "path.room_id",
    "path.message_id",
    "path.user_id",
    "path.session_id",
    "path.api_key_id",
    "path.username",
    "path.slug",
    "path.media_id",
    "path.variant_id",
    "query.url",
    "body.refresh_token",
)


def _register(client: httpx2.Client, name: str) -> dict[str, Any]:
    answer = client.post(
        "/auth/register", json={"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    )
    return answer.raise_for_status().json()


def _log_in(client: httpx2.Client, name: str) -> dict[str, Any]:
    answer = client.post("/auth/login", data={"username": name, "password": PASSWORD})
    return answer.raise_for_status().json()


async def _promote(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.executemany("UPDATE users SET role = $2 WHERE username = $1", list(ROLES.items()))
    finally:
        await connection.close()


def _write(client: httpx2.Client, name: str, world: World, *, posts: int) -> None:
    """Leave posts, most of them published with a comment, items, and tags and categories where one may."""
    client.headers["Authorization"] = f"Bearer {_log_in(client, name)['access_token']}"
    for number in range(posts):
        draft = {"title": f"{name} on looms {number}", "content": "It weaves algebraical patterns.", "tags": ["looms"]}
        post = client.post("/posts", json=draft).raise_for_status().json()
        world.known["path.post_id"].append(post["id"])
        world.known["path.slug"].append(post["slug"])
        _upload(client, world)
        # Two of three are published, so that enough are left when others have been deleted or withdrawn.
        if number % 3 != 1:
            client.put(f"/posts/{post['id']}/publication").raise_for_status()
            answer = client.post(f"/posts/{post['id']}/comments", json={"content": "Who weaves the cards?"})
            world.known["path.comment_id"].append(answer.raise_for_status().json()["id"])
        if number % 2 == 0:
            event = client.post("/events", json=EVENT | {"title": f"{name} at the loom {number}"}).raise_for_status()
            world.known["path.event_id"].append(event.json()["id"])
    for number in range(posts):
        item = {"title": f"A loom of {name}, {number}", "price": f"{number + 1}.00", "tags": ["looms"]}
        answer = client.post("/items", json=item).raise_for_status()
        world.known["path.item_id"].append(answer.json()["id"])
        if number >= posts - PICTURED:
            image = {"files": ("loom.png", hooks_media.PICTURE)}
            client.post(f"/items/{answer.json()['id']}/images", files=image).raise_for_status()
    _talk(client, name, world, rooms=posts // 4 or 1)
    if name == "manager":
        for tag in ("engines", "cards", "numbers", "bernoulli", *(f"wheel-{number}" for number in range(20))):
            world.known["path.tag_id"].append(client.post("/tags", json={"name": tag}).raise_for_status().json()["id"])
            answer = client.post("/categories", json={"name": tag})
            world.known["path.category_id"].append(answer.raise_for_status().json()["id"])


def _talk(client: httpx2.Client, name: str, world: World, *, rooms: int) -> None:
    """Open rooms, most of them for everybody, say something there and invite others; who calls is invited as well."""
    for number in range(rooms):
        draft = {"name": f"{name}'s room {number}", "visibility": "private" if number % 4 == 1 else "public"}
        room = client.post("/rooms", json=draft).raise_for_status().json()["id"]
        world.known["path.room_id"].append(room)
        for _ in range(2):
            answer = client.post(f"/rooms/{room}/messages", json={"content": "Who weaves the cards?"})
            world.known["path.message_id"].append(answer.raise_for_status().json()["id"])
        for guest in (*ROLES, "spare"):
            if guest != name:
                client.put(f"/rooms/{room}/invitations/{guest}").raise_for_status()


def _upload(client: httpx2.Client, world: World) -> None:
    """Upload notes and a picture, which becomes the picture of the account."""
    files = [("files", ("notes.txt", hooks_media.NOTES)), ("files", ("loom.png", hooks_media.PICTURE))]
    ids = [medium["id"] for medium in client.post("/media", files=files).raise_for_status().json()["items"]]
    client.put("/users/me/avatar", json={"media_id": ids[-1]}).raise_for_status()
    world.known["path.media_id"] += ids


def _wait_for_variants(client: httpx2.Client, world: World) -> None:
    """Wait until the last picture has its thumbnails, which are made in the order of the pictures."""
    deadline, place = time.monotonic() + VARIANT_SECONDS, f"/media/{world.known['path.media_id'][-1]}"
    while not (variants := client.get(place).raise_for_status().json()["variants"]):
        if time.monotonic() > deadline:
            raise TimeoutError("Nobody makes thumbnails.")
        time.sleep(0.1)
    world.known["path.variant_id"] = [variant["id"] for variant in variants]


def _join(client: httpx2.Client, world: World) -> None:
    """Let somebody else into the rooms that there are, so that there is whom to remove."""
    client.headers["Authorization"] = f"Bearer {_log_in(client, 'spare')['access_token']}"
    for room in world.known["path.room_id"]:
        client.put(f"/rooms/{room}/membership").raise_for_status()


def _own(client: httpx2.Client, role: str, world: World) -> None:
    """Leave sessions and keys of the one whose turn it is, who has just written, and note how the odd ones call."""
    scopes = sorted(role_scopes()[ROLES[role]])
    for _ in range(SPARE):
        _log_in(client, role)
        key = client.post("/auth/api-keys", json={"name": "a loom", "scopes": scopes}).raise_for_status().json()
        world.known["path.api_key_id"].append(key["id"])
        world.headers = {"X-API-Key": key["key"]} if role == "key" else {}
    world.known["path.api_key_id"] = world.known["path.api_key_id"][:-1]
    sessions = client.get("/auth/sessions").raise_for_status().json()["items"]
    world.known["path.session_id"] = [session["id"] for session in sessions if not session["current"]]
    if role == "cookie":
        answer = client.post("/auth/session", data={"username": role, "password": PASSWORD}).raise_for_status()
        pairs = [line.partition(";")[0] for line in answer.headers.get_list("set-cookie")]
        token = next(value for name, _, value in (pair.partition("=") for pair in pairs) if "csrf" in name)
        world.headers = {"Cookie": "; ".join(pair for pair in pairs if "refresh" not in pair), "X-CSRF-Token": token}


def populate(address: str, dsn: str, role: str) -> World:
    """Register everybody, give them their roles, and let them write, most of all the one whose turn it is.

    Raises httpx2.HTTPStatusError when the service refuses any of it.
    """
    world = World()
    with httpx2.Client(base_url=address + BASE_PATH, timeout=30) as client:
        for name in (*ROLES, "spare", *(f"spare_{number}" for number in range(SPARE))):
            account = _register(client, name)
            # Who may edit accounts would soon have taken the own role away.
            if name not in ROLES or name == role != "administrator":
                world.known["path.user_id"].append(account["id"])
            world.known["path.username"].append(name)
        asyncio.run(_promote(dsn))
        # Each can be exchanged once; exchanged again, it ends its own session and nobody else's.
        world.known["body.refresh_token"] = [_log_in(client, "spare")["refresh_token"] for _ in range(8)]
        for name in ROLES:
            _write(client, name, world, posts=40 if name == role else 1)
            if name == role:
                _own(client, role, world)
        _wait_for_variants(client, world)
        _join(client, world)
        # The feed has the addresses that can be embedded.
        world.known["query.url"] = _ADDRESS.findall(client.get("/feed.atom").raise_for_status().text)
        if role in ROLES:
            world.known["path.job_id"] = asyncio.run(leave_jobs(dsn, role))
            world.known["path.notification_id"] = asyncio.run(leave_notifications(dsn, role))
    return world


def held(role: str) -> dict[str, frozenset[str]]:
    """Return the security schemes for which a caller has credentials, with the scopes these hold."""
    if role not in ROLES:
        return {}
    scopes = role_scopes()[ROLES[role]]
    return {"key": {"apiKey": scopes}, "cookie": {"cookie": scopes, "csrf": scopes}}.get(role, {"bearer": scopes})


def credentials(role: str, world: World, folder: Path) -> list[str]:
    """Return the lines of schemathesis' settings by which a caller authenticates; the folder takes files of theirs."""
    if role not in ROLES:
        return []
    path = folder / "users.json"
    if world.headers:
        headers = [{"name": name, "value": value} for name, value in world.headers.items()]
        path.write_text(json.dumps({"auth": [{"name": role, "fixedHeaders": headers}]}))
    else:
        _write_users(path)
    lines = ["[auth.wfc]", f'path = "{path}"', f'user = "{role}"']
    lines += [f"peers = {json.dumps(PEERS)}"] if role in PEERS else []
    if role in ENDING:
        lines.append(f"[[operations]]\ninclude-operation-id = {json.dumps(ENDING[role])}\nenabled = false")
    return lines


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
