"""listItems, listMyItems, listPopularItems and searchItems."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.factories import Factory
from tests.items.calls import errors, ids

MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
LISTS = ["/items?", "/items/search?q=loom&"]


class TestListItems:
    async def test_shows_what_is_active_to_everybody_and_nothing_else_to_anybody(
        self, client: AsyncClient, make: Factory
    ) -> None:
        owner, admin = await make.member(), await make.member("admin")
        active = await make.item(owner)
        for status in ("draft", "inactive"):
            await make.item(owner, status=status)
        for headers in ({}, owner.headers, admin.headers):
            assert ids(await client.get("/items", headers=headers)) == [str(active)]
        counted = (await client.get("/items", params={"include_total": "true"}, headers=owner.headers)).json()
        assert counted["page"]["total"] == 1

    @pytest.mark.parametrize(
        ("sort", "order"),
        [
            ("-created_at", "dcba"),
            ("created_at", "abcd"),
            # What is equal comes by its id, which grows with time.
            ("price", "bcda"),
            ("-price", "adcb"),
            ("-views", "cdba"),
            ("views", "abdc"),
        ],
    )
    async def test_each_order_holds_from_page_to_page(
        self, client: AsyncClient, make: Factory, sort: str, order: str
    ) -> None:
        # As texts, 9.00 would come after 100.00.
        prices, views = {"a": "100.00", "b": "0.50", "c": "9.00", "d": "9.00"}, {"a": 0, "b": 7, "c": 30, "d": 7}
        items = {
            name: str(
                await make.item(
                    title=name, price=prices[name], views=views[name], created_at=MOMENT + timedelta(hours=number)
                )
            )
            for number, name in enumerate(prices)
        }
        found: list[str] = []
        cursor = None
        for _ in items:
            query: dict[str, Any] = {"sort": sort, "limit": 1} | ({"cursor": cursor} if cursor else {})
            answer = await client.get("/items", params=query)
            found += ids(answer)
            cursor = answer.json()["page"]["next_cursor"]
        names = {key: name for name, key in items.items()}
        assert cursor is None
        assert "".join(names[key] for key in found) == order

    async def test_filters(self, client: AsyncClient, make: Factory) -> None:
        owner, category = await make.member(), await make.category("tools")
        await make.item(price="10.00", created_at=MOMENT)
        chosen = await make.item(owner, tags=["wood"], category_id=category, in_stock=False, price="20.00")
        queries: list[dict[str, str]] = [
            {"owner": owner.username.upper()},
            {"tag": "wood"},
            {"category": "tools"},
            {"in_stock": "false"},
            {"min_price": "10.01"},
            {"min_price": "20.00", "max_price": "20.00"},
            {"owner": owner.username, "tag": "wood", "category": "tools", "min_price": "0.00"},
        ]
        for query in queries:
            assert ids(await client.get("/items", params=query)) == [str(chosen)], query
        for query in ({"owner": "nobody"}, {"tag": "iron"}, {"category": "none"}, {"min_price": "20.01"}):
            assert ids(await client.get("/items", params=query)) == [], query
        assert len(ids(await client.get("/items", params={"max_price": "9999999.99"}))) == 2

    async def test_a_cursor_is_good_for_its_own_filters_alone(self, client: AsyncClient, make: Factory) -> None:
        for _ in range(2):
            await make.item(price="20.00")
        first = await client.get("/items", params={"limit": 1, "min_price": "1.00"})
        cursor = first.json()["page"]["next_cursor"]
        for minimum, status in (("1.00", 200), ("2.00", 422)):
            query = {"limit": 1, "min_price": minimum, "cursor": cursor}
            assert (await client.get("/items", params=query)).status_code == status


class TestARangeOfPrices:
    @pytest.mark.parametrize("path", LISTS)
    async def test_that_nothing_is_in_names_the_parameter(self, client: AsyncClient, path: str) -> None:
        answer = await client.get(f"{path}min_price=10.00&max_price=9.00")
        assert (answer.status_code, errors(answer)) == (422, [("min_price", "above_max_price")])

    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize("name", ["min_price", "max_price"])
    @pytest.mark.parametrize("limit", ["-1", "1", "1.0", "1e3", "NaN", "10000000.00", "01.00", "", "1,00"])
    async def test_with_a_limit_that_is_no_price(self, client: AsyncClient, path: str, name: str, limit: str) -> None:
        answer = await client.get(f"{path}{name}={limit}")
        assert (answer.status_code, [place for place, _ in errors(answer)]) == (422, [name])


class TestListMyItems:
    async def test_shows_all_of_ones_own_the_newest_first(self, client: AsyncClient, make: Factory) -> None:
        owner = await make.member()
        await make.item()
        mine = {
            status: str(await make.item(owner, status=status, created_at=MOMENT + timedelta(hours=number)))
            for number, status in enumerate(("draft", "inactive", "active"))
        }
        found = ids(await client.get("/users/me/items", headers=owner.headers))
        assert found == list(reversed(mine.values()))
        for status, item in mine.items():
            answer = await client.get("/users/me/items", params={"status": status}, headers=owner.headers)
            assert ids(answer) == [item]
        answer = await client.get("/users/me/items", headers=owner.headers)
        assert answer.headers["cache-control"] == "private, no-store"

    async def test_a_cursor_is_good_for_its_member_alone(self, client: AsyncClient, make: Factory) -> None:
        owner, other = await make.member(), await make.member()
        for _ in range(2):
            await make.item(owner)
        first = await client.get("/users/me/items", params={"limit": 1}, headers=owner.headers)
        query = {"limit": 1, "cursor": first.json()["page"]["next_cursor"]}
        assert len(ids(await client.get("/users/me/items", params=query, headers=owner.headers))) == 1
        assert (await client.get("/users/me/items", params=query, headers=other.headers)).status_code == 422

    async def test_takes_somebody(self, client: AsyncClient) -> None:
        assert (await client.get("/users/me/items")).status_code == 401


class TestListPopularItems:
    async def test_shows_the_ten_that_were_looked_at_most(self, client: AsyncClient, make: Factory) -> None:
        await make.item(status="inactive", views=1_000)
        items = [str(await make.item(views=views)) for views in (5, 9, 5, 0, 7, 8, 6, 5, 4, 3, 2, 1)]
        expected = [items[number] for number in (1, 5, 4, 6, 7, 2, 0, 8, 9, 10)]
        for _ in range(2):
            assert ids(await client.get("/items/popular")) == expected

    async def test_knows_of_every_change_at_once(self, client: AsyncClient, make: Factory) -> None:
        owner = await make.member()
        first, second = await make.item(owner, views=2), await make.item(owner, views=1)
        assert ids(await client.get("/items/popular")) == [str(first), str(second)]
        await client.delete(f"/items/{first}", headers=owner.headers | {"If-Match": "*"})
        assert ids(await client.get("/items/popular")) == [str(second)]


class TestSearchItems:
    async def test_a_title_counts_more_than_the_description(self, client: AsyncClient, make: Factory) -> None:
        below = await make.item(title="An engine", description="Goes well beside a loom.")
        above = await make.item(title="A loom", description="Goes well beside an engine.")
        await make.item(title="An abacus")
        answer = await client.get("/items/search", params={"q": "looms"})
        assert ids(answer) == [str(above), str(below)]
        ranks = [hit["rank"] for hit in answer.json()["items"]]
        assert 1 >= ranks[0] > ranks[1] > 0

    async def test_only_active_items_are_found(self, client: AsyncClient, make: Factory) -> None:
        owner = await make.member()
        for status in ("draft", "inactive"):
            await make.item(owner, title="A loom", status=status)
        assert ids(await client.get("/items/search", params={"q": "loom"}, headers=owner.headers)) == []

    async def test_within_a_range_of_prices(self, client: AsyncClient, make: Factory) -> None:
        items = {price: str(await make.item(title="A loom", price=price)) for price in ("9.99", "10.00", "10.01")}
        for query, prices in (
            ({"min_price": "10.00"}, ("10.01", "10.00")),
            ({"max_price": "10.00"}, ("10.00", "9.99")),
            ({"min_price": "10.00", "max_price": "10.00"}, ("10.00",)),
        ):
            answer = await client.get("/items/search", params={"q": "loom"} | query)
            assert ids(answer) == [items[price] for price in prices], query

    async def test_words_that_are_joined_and_left_out(self, client: AsyncClient, make: Factory) -> None:
        both = await make.item(title="A loom and a card")
        one = await make.item(title="A loom alone")
        for q, expected in (("loom -card", [one]), ('"loom alone"', [one]), ("loom card", [both])):
            assert ids(await client.get("/items/search", params={"q": q})) == [str(item) for item in expected]

    @pytest.mark.parametrize("q", ["---", '"""', "the or and", "& | !", ":*:*", "\\\\\\", "-" * 40 + "loom"])
    async def test_operators_alone_fail_nothing(self, client: AsyncClient, make: Factory, q: str) -> None:
        await make.item()
        assert ids(await client.get("/items/search", params={"q": q})) in ([], ids(await client.get("/items")))

    @pytest.mark.parametrize("q", ["", "ab", "   ", "a" * 201, "lo\x00m"])
    async def test_what_is_no_query_is_422(self, client: AsyncClient, q: str) -> None:
        answer = await client.get("/items/search", params={"q": q})
        assert (answer.status_code, {place for place, _ in errors(answer)}) == (422, {"q"})
