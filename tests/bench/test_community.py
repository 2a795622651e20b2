"""The measurement of seats, on small numbers and against the planted figures of a bad day."""

from collections import Counter
from hashlib import sha256

import pytest

from app.sql import Connection
from scripts.bench import community
from scripts.bench.community import ATTEND_EVENT, CREATE_COMMENT, Community
from tests.factories import Factory


class TestGather:
    async def test_every_member_gets_a_key_that_lets_in(self, connection: Connection, make: Factory) -> None:
        members = [await make.member() for _ in range(3)]
        crowd = await community.gather(connection, 2)
        rows = await connection.fetch("SELECT user_id, secret_hash FROM api_keys ORDER BY prefix")
        assert [row["user_id"] for row in rows] == sorted(member.id for member in members)[:2]
        assert [row["secret_hash"] for row in rows] == [sha256(key.encode()).digest() for key in crowd.credentials]

    async def test_the_events_can_be_attended_with_it(self, connection: Connection, make: Factory) -> None:
        await make.member()
        events = await community.invite(connection, 2, seats=5)
        crowd = await community.gather(connection)
        requests = crowd.seats(events)
        assert [request.path for request in requests] == [f"/api/v1/events/{event}/attendance" for event in events]
        assert {request.credential for request in requests} == {f"X-API-Key: {crowd.credentials[0]}"}
        assert await connection.fetchval("SELECT count(*) FROM events WHERE max_participants = 5") == 2

    async def test_members_comment_in_turn(self, connection: Connection, make: Factory) -> None:
        await make.member()
        crowd = await community.gather(connection)
        first, second = crowd.comments([await make.post(), await make.post()])
        assert (first.method, first.credential) == ("POST", second.credential)


class TestTargets:
    @pytest.mark.parametrize(
        ("seats", "crowd", "answers", "missed"),
        [
            (90.0, 500.0, {"204": 900, "event_full": 100}, []),
            (89.0, 500.0, {"204": 900}, ["attendEvent against createComment"]),
            (90.0, 499.0, {"204": 900}, ["1,000 members at one event of 900 seats, answered a second"]),
            (
                *(90.0, 500.0, {"204": 900, "service_unavailable": 1}),
                ["1,000 members at one event of 900 seats, other answers than a seat and event_full"],
            ),
        ],
    )
    def test_what_is_missed_is_named(
        self, seats: float, crowd: float, answers: dict[str, int], missed: list[str]
    ) -> None:
        measured = Community({ATTEND_EVENT: [seats], CREATE_COMMENT: [100.0]}, [crowd], Counter(answers))
        assert [target.what for target in community.targets(measured) if not target.met] == missed


class TestSection:
    def test_says_what_was_answered(self) -> None:
        rates = {ATTEND_EVENT: [900.0], CREATE_COMMENT: [1_000.0]}
        told = community.section(Community(rates, [750.0], Counter({"204": 900, "event_full": 100})))
        assert "| attendEvent | 900 (900 to 900) | 0.90 (0.90 to 0.90) |" in told
        assert "| answered event_full | 100 |" in told
        assert community.section(Community()) == "Not measured."
