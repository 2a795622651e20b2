"""What happens to items, events and rooms is told in the transaction that does it, to those whom it concerns."""

from typing import Any

from httpx2 import AsyncClient

from app.sql import Connection
from tests.factories import Factory, Member
from tests.notifications.reading import mute, of

ANY = {"If-Match": "*"}
MERGE = ANY | {"Content-Type": "application/merge-patch+json"}


async def told(connection: Connection, kinds: str) -> list[tuple[str, str]]:
    """Return the events of some kinds with their topics, in the order in which they were told."""
    query = "SELECT kind, topic FROM domain_events WHERE kind LIKE $1 ORDER BY id"
    return [(row["kind"], row["topic"]) for row in await connection.fetch(query, kinds)]


async def edit(client: AsyncClient, member: Member, path: str, **said: Any) -> None:
    (await client.patch(path, json=said, headers=member.headers | MERGE)).raise_for_status()


class TestItems:
    async def test_the_owner_hears_once_that_none_is_left(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        owner = await make.member()
        path = f"/items/{await make.item(owner, title='A loom')}"
        await edit(client, owner, path, in_stock=False)
        await edit(client, owner, path, title="A loom, once")
        (found,) = await of(client, owner)
        assert (found["kind"], found["text"], f"/items/{found['item_id']}") == ("item_sold_out", "A loom", path)
        assert await told(connection, "item.%") == [("item.sold_out", f"item:{found['item_id']}")]

    async def test_what_is_gone_is_not_told_of(self, client: AsyncClient, make: Factory) -> None:
        owner, path = (member := await make.member()), f"/items/{await make.item(member)}"
        await edit(client, owner, path, in_stock=False)
        assert len(await of(client, owner)) == 1
        (await client.delete(path, headers=owner.headers | ANY)).raise_for_status()
        assert await of(client, owner) == []


class TestEvents:
    async def test_attendees_hear_of_what_is_otherwise(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        organizer, guest, other = [await make.member() for _ in range(3)]
        path = f"/events/{await make.happening(organizer, title='Evening')}"
        (await client.put(f"{path}/attendance", headers=guest.headers)).raise_for_status()
        await edit(client, organizer, path, max_participants=7)
        assert await of(client, guest) == []
        await edit(client, organizer, path, title="Late evening")
        (found,) = await of(client, guest)
        assert (found["kind"], found["text"], f"/events/{found['event_id']}") == ("event_changed", "Late evening", path)
        assert found["actor"]["username"] == organizer.username
        assert (await of(client, organizer), await of(client, other)) == ([], [])
        assert await told(connection, "event.%") == [("event.changed", f"event:{found['event_id']}")]

    async def test_attendees_hear_that_it_is_cancelled(self, client: AsyncClient, make: Factory) -> None:
        organizer, guest = [await make.member() for _ in range(2)]
        path = f"/events/{await make.happening(organizer)}"
        (await client.put(f"{path}/attendance", headers=guest.headers)).raise_for_status()
        await edit(client, organizer, path, title="Late evening")
        (await client.delete(path, headers=organizer.headers | ANY)).raise_for_status()
        assert [found["kind"] for found in await of(client, guest)] == ["event_cancelled"]

    async def test_attendees_hear_that_it_went_with_its_organizer(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        organizer, guest, other, deaf = [await make.member() for _ in range(4)]
        ids = [await make.happening(organizer, title=title) for title in ("Evening", "Morning", "Nobody comes")]
        for path in (f"/events/{ids[0]}", f"/events/{ids[1]}"):
            for who in (organizer, guest, deaf):
                (await client.put(f"{path}/attendance", headers=who.headers)).raise_for_status()
        await edit(client, organizer, f"/events/{ids[0]}", title="Late evening")
        assert [found["kind"] for found in await of(client, guest)] == ["event_changed"]
        await mute(client, deaf, "event_cancelled")
        (await client.delete("/users/me", headers=organizer.headers | ANY)).raise_for_status()
        found = await of(client, guest)
        assert sorted((one["kind"], one["text"]) for one in found) == [
            ("event_cancelled", "Late evening"),
            ("event_cancelled", "Morning"),
        ]
        assert await of(client, other) == []
        assert await of(client, deaf) == []
        assert {one["actor"] for one in found} == {None}
        cancelled = {("event.cancelled", f"event:{event_id}") for event_id in ids}
        assert set(await told(connection, "event.cancelled")) == cancelled

    async def test_of_what_has_been_nobody_hears_that_it_went(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        organizer, guest = [await make.member() for _ in range(2)]
        event_id = await make.happening(organizer)
        (await client.put(f"/events/{event_id}/attendance", headers=guest.headers)).raise_for_status()
        await connection.execute(
            "UPDATE events SET starts_at = now() - interval '2 days', ends_at = now() - interval '1 day'"
        )
        (await client.delete("/users/me", headers=organizer.headers | ANY)).raise_for_status()
        assert await of(client, guest) == []


class TestRooms:
    async def test_listeners_hear_of_messages_and_members(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        owner, guest = [await make.member() for _ in range(2)]
        made = await client.post("/rooms", json={"name": "Looms", "visibility": "public"}, headers=owner.headers)
        path = f"/rooms/{made.json()['id']}"
        for _ in range(2):
            (await client.put(f"{path}/membership", headers=guest.headers)).raise_for_status()
        said = await client.post(f"{path}/messages", json={"content": "Cards?"}, headers=guest.headers)
        await edit(client, guest, f"/messages/{said.json()['id']}", content="Cards!")
        (await client.delete(f"/messages/{said.json()['id']}", headers=guest.headers | ANY)).raise_for_status()
        (await client.delete(f"{path}/membership", headers=guest.headers)).raise_for_status()
        topic = f"room:{made.json()['id']}"
        kinds = ("room.joined", "message.created", "message.updated", "message.deleted", "room.left")
        heard = await told(connection, "room.%") + await told(connection, "message.%")
        assert sorted(heard) == sorted((kind, topic) for kind in kinds)

    async def test_nobody_hears_of_what_is_refused(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        owner, stranger = [await make.member() for _ in range(2)]
        made = await client.post("/rooms", json={"name": "Looms", "visibility": "public"}, headers=owner.headers)
        said = f"/rooms/{made.json()['id']}/messages"
        answer = await client.post(said, json={"content": "Cards?"}, headers=stranger.headers)
        assert (answer.status_code, await told(connection, "message.%")) == (403, [])
