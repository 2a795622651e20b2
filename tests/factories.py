"""Rows for tests, made by plain SQL with believable defaults; what matters in a test is given by the test."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import UUID

from app.auth import tokens
from app.contract import role_scopes
from app.ids import new_id
from app.sql import Connection
from tests.factory_events import EventRows
from tests.factory_items import ItemFactory
from tests.factory_media import MediaFactory
from tests.factory_messages import RoomFactory
from tests.factory_notifications import NotificationFactory

PASSWORD = "Weaves4lgebra"
# argon2id of PASSWORD, cheap on purpose: tests that do not log in should not wait for a hash.
PASSWORD_HASH = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$3Lx/RUnw5v1ojnNITgVIjMWizbCt6+vDBdBVDRsXJGM"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Member:
    """A member with a session."""

    id: UUID
    username: str
    session_id: UUID
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request of this member carries."""
        return {"Authorization": f"Bearer {self.token}"}


class Factory(EventRows, ItemFactory, MediaFactory, NotificationFactory, RoomFactory):
    """Makes rows on the test's connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def _insert(self, table: str, row: dict[str, Any]) -> None:
        names = ", ".join(row)
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await self._connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608

    async def member(self, role: str = "user", *, scopes: frozenset[str] | None = None, **given: Any) -> Member:
        """A member of a role, logged in with all the scopes of the role or with those given."""
        number = next(_numbers)
        row: dict[str, Any] = {
            "id": new_id(),
            "username": f"member_{number}",
            "email": f"member{number}@example.org",
            "password_hash": PASSWORD_HASH,
            "role": role,
        } | given
        await self._insert("users", row)
        session_id = await self._session(row["id"])
        granted = role_scopes()[role] if scopes is None else scopes
        token, _ = tokens.issue("access", user_id=row["id"], session_id=session_id, scopes=granted)
        return Member(row["id"], row["username"], session_id, token)

    async def _session(self, user_id: UUID, **given: Any) -> UUID:
        row: dict[str, Any] = {
            "id": new_id(),
            "user_id": user_id,
            "expires_at": datetime.now(UTC) + timedelta(days=7),
        } | given
        await self._insert("sessions", row)
        return row["id"]

    async def session(self, member: Member, **given: Any) -> UUID:
        """Another session of a member."""
        return await self._session(member.id, **given)

    async def refresh_token(self, member: Member) -> str:
        """A refresh token of the member's session."""
        token, claims = tokens.issue(
            "refresh", user_id=member.id, session_id=member.session_id, scopes=tokens.decode(member.token).scopes
        )
        await self._insert(
            "refresh_tokens",
            {"id": claims.token_id, "session_id": claims.session_id, "expires_at": claims.expires_at},
        )
        return token

    async def key(self, member: Member, scopes: frozenset[str], **given: Any) -> str:
        """A key of the member, which has been used just now, so that its next use is not noted."""
        prefix = f"galley_{next(_numbers):012}"
        key = f"{prefix}_{'A' * 43}"
        row: dict[str, Any] = {
            "id": new_id(),
            "user_id": member.id,
            "name": "Nightly backup",
            "prefix": prefix,
            "secret_hash": sha256(key.encode()).digest(),
            "scopes": sorted(scopes),
            "last_used_at": datetime.now(UTC),
        } | given
        await self._insert("api_keys", row)
        return key

    async def post(self, author: Member | None = None, **given: Any) -> UUID:
        """A published post, or one with another `status`; counters of author and tags are the test's business."""
        author = author or await self.member()
        number = next(_numbers)
        published = given.get("status", "published") not in ("draft", "scheduled")
        row: dict[str, Any] = {
            "id": new_id(),
            "author_id": author.id,
            "title": f"The engine weaves {number}",
            "slug": f"the-engine-weaves-{number}",
            "content": "It weaves algebraical patterns just as the loom weaves flowers and leaves.",
            "excerpt": "On engines and looms." if published else None,
            "status": "published",
            "published_at": datetime.now(UTC) if published else None,
        } | given
        await self._insert("posts", row)
        await self._insert("post_slugs", {"slug": row["slug"], "post_id": row["id"]})
        return row["id"]

    async def category(self, slug: str, parent: UUID | None = None, **given: Any) -> UUID:
        """A category at the top, or below a parent."""
        above = await self._connection.fetchrow("SELECT place, depth FROM categories WHERE id = $1", parent)
        row: dict[str, Any] = {
            "id": new_id(),
            "parent_id": parent,
            "name": slug.replace("-", " ").capitalize(),
            "slug": slug,
            "place": f"{above['place']} {slug}" if above else slug,
            "depth": above["depth"] + 1 if above else 1,
        } | given
        await self._insert("categories", row)
        return row["id"]

    async def tag(self, name: str, **given: Any) -> UUID:
        """A tag."""
        row: dict[str, Any] = {"id": new_id(), "name": name} | given
        await self._insert("tags", row)
        return row["id"]

    async def revision(self, post_id: UUID, number: int, editor: Member, **given: Any) -> UUID:
        """A revision of a post."""
        row: dict[str, Any] = {
            "post_id": post_id,
            "number": number,
            "title": f"The engine weaves {number}",
            "content": "It weaves algebraical patterns.",
            "tags": list[str](),
            "editor_id": editor.id,
        } | given
        await self._insert("post_revisions", row)
        return post_id

    async def comment(
        self, post_id: UUID, author: Member | None = None, *, parent: UUID | None = None, **given: Any
    ) -> UUID:
        """A comment on a post, or an answer to `parent`; the post's counter is the test's business."""
        author = author or await self.member()
        identifier = new_id()
        above = await self._connection.fetchrow("SELECT root_id, depth FROM comments WHERE id = $1", parent)
        row: dict[str, Any] = {
            "id": identifier,
            "post_id": post_id,
            "parent_id": parent,
            "root_id": above["root_id"] if above else identifier,
            "depth": above["depth"] + 1 if above else 1,
            "author_id": author.id,
            "content": "Looms, yes: but who weaves the cards?",
            "is_public": given.get("status", "approved") == "approved",
        } | given
        await self._insert("comments", row)
        return identifier

    async def report(self, comment_id: UUID, reporter: Member | None = None, **given: Any) -> None:
        """An open report of a comment, and its count."""
        reporter = reporter or await self.member()
        row: dict[str, Any] = {"comment_id": comment_id, "user_id": reporter.id, "reason": "spam"} | given
        await self._insert("comment_reports", row)
        await self._connection.execute("UPDATE comments SET report_count = report_count + 1 WHERE id = $1", comment_id)

    async def event(self, actor: Member, **given: Any) -> UUID:
        """An audit event: a login of a member, or another `action`."""
        row: dict[str, Any] = {
            "id": new_id(),
            "action": "logged_in",
            "actor_id": actor.id,
            "subject_id": actor.id,
            "address": "192.0.2.17",
            "request_id": "01936b2e5f8c7c3a9d402f6f0c1f7a11",
        } | given
        await self._insert("audit_events", row)
        return row["id"]

    async def job(self, owner: Member | None = None, **given: Any) -> UUID:
        """A job that waits, or one with another `status`; no worker is told of it."""
        row: dict[str, Any] = {
            "id": new_id(),
            "kind": "test.effect",
            "owner_id": owner and owner.id,
            "payload": "{}",
        } | given
        await self._insert("jobs", row)
        return row["id"]
