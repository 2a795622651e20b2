"""listEvents and listMyEvents."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests.events.test_events import SOON, moment
from tests.factories import Factory, Member


class TestListEvents:
    @pytest.fixture
    async def four(self, make: Factory) -> tuple[list[UUID], Member]:
        """One that is over, one that goes on, and two to come; the second and the last are one member's."""
        # A test is one transaction, whose time stands still from before this.
        member, now = await make.member(), datetime.now(UTC) - timedelta(minutes=5)
        starts = [now + timedelta(days=days) for days in (-10, 0, 10, 20)]
        owners = [None, member, None, member]
        made = [now - timedelta(days=days) for days in (20, 21, 23, 22)]
        found = [
            await make.happening(owner, starts_at=start, created_at=created)
            for owner, start, created in zip(owners, starts, made, strict=True)
        ]
        return found, member

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, [0, 1, 2, 3]),
            ({"sort": "starts_at"}, [0, 1, 2, 3]),
            ({"sort": "-starts_at"}, [3, 2, 1, 0]),
            ({"sort": "created_at"}, [2, 3, 1, 0]),
            ({"sort": "-created_at"}, [0, 1, 3, 2]),
            ({"upcoming": "true"}, [2, 3]),
            ({"upcoming": "false"}, [0, 1]),
            ({"starts_after": moment(datetime.now(UTC) + timedelta(days=15))}, [3]),
            ({"starts_before": moment(datetime.now(UTC) - timedelta(days=5))}, [0]),
            ({"starts_after": moment(SOON), "starts_before": moment(SOON)}, []),
            ({"organizer": "nobody_at_all"}, []),
        ],
    )
    async def test_answers_what_is_asked_for(
        self, client: AsyncClient, four: tuple[list[UUID], Member], query: dict[str, str], expected: list[int]
    ) -> None:
        answer = await client.get("/events", params=query)
        assert answer.status_code == 200
        assert [event["id"] for event in answer.json()["items"]] == [str(four[0][place]) for place in expected]

    async def test_the_organizer_is_named_in_any_case(
        self, client: AsyncClient, four: tuple[list[UUID], Member]
    ) -> None:
        events, member = four
        answer = await client.get("/events", params={"organizer": member.username.upper(), "upcoming": "true"})
        (found,) = answer.json()["items"]
        assert (found["id"], found["organizer"]["username"]) == (str(events[3]), member.username)

    async def test_bounds_of_time_are_the_first_moment_and_not_the_last(
        self, client: AsyncClient, make: Factory
    ) -> None:
        event = str(await make.happening(starts_at=SOON))
        for query, expected in (({"starts_after": moment(SOON)}, [event]), ({"starts_before": moment(SOON)}, [])):
            answer = await client.get("/events", params=query)
            assert [found["id"] for found in answer.json()["items"]] == expected

    async def test_a_cursor_is_good_for_its_own_filters_alone(
        self, client: AsyncClient, four: tuple[list[UUID], Member]
    ) -> None:
        assert len(four[0]) == 4
        first = await client.get("/events", params={"limit": 1, "upcoming": "true"})
        cursor = first.json()["page"]["next_cursor"]
        other = await client.get("/events", params={"limit": 1, "upcoming": "false", "cursor": cursor})
        assert (other.status_code, other.json()["errors"][0]["parameter"]) == (422, "cursor")
        assert (await client.get("/events", params={"upcoming": "true", "cursor": cursor})).status_code == 200


class TestListMyEvents:
    @pytest.mark.actor("user")
    async def test_answers_mine_and_no_others(self, client: AsyncClient, actor: Member, make: Factory) -> None:
        mine = [await make.happening(actor, starts_at=SOON + timedelta(days=days)) for days in (2, 1, -60)]
        await make.happening()
        answer = await client.get("/users/me/events")
        assert [event["id"] for event in answer.json()["items"]] == [str(mine[place]) for place in (2, 1, 0)]
        coming = await client.get("/users/me/events", params={"upcoming": "true", "sort": "-starts_at"})
        assert [event["id"] for event in coming.json()["items"]] == [str(mine[place]) for place in (0, 1)]
        between = {"starts_after": moment(SOON + timedelta(days=1)), "starts_before": moment(SOON + timedelta(days=2))}
        found = await client.get("/users/me/events", params=between)
        assert [event["id"] for event in found.json()["items"]] == [str(mine[1])]
        assert "private" in answer.headers["cache-control"]
