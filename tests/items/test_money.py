"""Prices, taxes, discounts and what they come to."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.ids import new_id
from app.sql import Connection
from tests.factories import Factory
from tests.items.calls import create, edit, errors

CENT = Decimal("0.01")
# What is no price, whatever it looks like: too little, too much, too exact, or not a text.
NO_PRICES = [
    "0",
    "0.00",
    "-1",
    "-1.00",
    "1e3",
    "1E3",
    "NaN",
    "Infinity",
    "-Infinity",
    "",
    " ",
    "19",
    "19.9",
    "19.990",
    "019.99",
    ".99",
    "19.",
    "+19.99",
    "19,99",
    "1_9.99",
    " 19.99",
    "19.99\n",
    "\uff11\uff19.99",
    "10000000.00",
    "123456789012",
    "123456789012.00",
    19.99,
    19,
    0,
    1e3,
    True,
    ["19.99"],
    {"amount": "19.99"},
]
NO_TAXES = ["100.01", "-0.01", "-1", "101", "1000", "19.999", "1e1", "NaN", "Infinity", "", "019", "19.", 19, 7.5, None]


def total(price: str, tax: str, discount: str | None = None) -> Decimal:
    """Return what PostgreSQL should have come to, by another way of computing."""
    return (Decimal(discount or price) * (1 + Decimal(tax) / 100)).quantize(CENT, ROUND_HALF_UP)


def amounts() -> Iterator[tuple[Decimal, Decimal, Decimal | None]]:
    """Yield prices with taxes and discounts: every tie there is below a euro, and a net over the rest."""
    taxes = [
        Decimal(percent).scaleb(-2) for percent in (0, 1, 49, 50, 250, 550, 700, 1_900, 2_050, 5_000, 9_999, 10_000)
    ]
    for cents in (*range(1, 120), *range(121, 100_000, 397), 9_999_998 * 100, 999_999_998, 999_999_999):
        price = Decimal(cents) * CENT
        for tax in taxes:
            yield price, tax, None
            if cents > 1:
                yield price, tax, (price / 3 + CENT).quantize(CENT) if cents > 3 else CENT


class TestTotalPrice:
    @pytest.mark.parametrize(
        ("price", "tax", "discount", "expected"),
        [
            ("19.99", "19", None, "23.79"),
            # 0.105, which a float has as 0.10499999999999999 and would round down.
            ("0.10", "5", None, "0.11"),
            # Half a cent goes up, whatever is even: 0.125 and 0.135.
            ("0.25", "0", "0.10", "0.10"),
            ("2.50", "5", None, "2.63"),
            ("2.70", "5", None, "2.84"),
            ("0.01", "49.99", None, "0.01"),
            ("0.01", "50", None, "0.02"),
            ("100.00", "100", None, "200.00"),
            ("100.00", "7.25", "10.00", "10.73"),
            ("9999999.99", "100", None, "19999999.98"),
        ],
    )
    async def test_is_rounded_once_and_half_up(  # noqa: PLR0913, PLR0917 - Each is a column of the table above.
        self, client: AsyncClient, make: Factory, price: str, tax: str, discount: str | None, expected: str
    ) -> None:
        answer = await create(client, await make.member(), price=price, tax=tax, discount_price=discount)
        item = answer.json()
        assert (answer.status_code, item["total_price"]) == (201, expected)
        assert Decimal(expected) == total(price, tax, discount)
        assert (item["price"], item["discount_price"], item["tax"]) == (price, discount, f"{Decimal(tax):.2f}")
        read = (await client.get(f"/items/{item['id']}")).json()
        assert (read["total_price"], read["price"], read["tax"]) == (expected, price, item["tax"])

    async def test_is_the_same_as_computed_in_python_for_thousands_of_amounts(
        self, make: Factory, connection: Connection
    ) -> None:
        owner = await make.member()
        rows = [(new_id(), *row) for row in amounts()]
        assert len(rows) > 5_000
        await connection.execute(
            "INSERT INTO items (id, owner_id, title, price, tax, discount_price) "
            "SELECT id, $1, 'A loom', price, tax, less "
            "FROM unnest($2::uuid[], $3::numeric[], $4::numeric[], $5::numeric[]) AS r (id, price, tax, less)",
            owner.id,
            *([row[column] for row in rows] for column in range(4)),
        )
        found = {row["id"]: row["total_price"] for row in await connection.fetch("SELECT id, total_price FROM items")}
        wrong = [
            (price, tax, discount, found[key])
            for key, price, tax, discount in rows
            if found[key] != total(str(price), str(tax), None if discount is None else str(discount))
        ]
        assert wrong == []
        ties = [row for row in rows if (row[3] or row[1]) * (100 + row[2]) % 1 == Decimal("0.5")]
        assert len(ties) > 100

    async def test_follows_every_edit(self, client: AsyncClient, make: Factory) -> None:
        owner = await make.member()
        item = await make.item(owner, price="100.00")
        steps: list[tuple[dict[str, Any], str]] = [
            ({"tax": "19"}, "119.00"),
            ({"discount_price": "50.00"}, "59.50"),
            ({"price": "60.00"}, "59.50"),
            ({"discount_price": None}, "71.40"),
        ]
        for members, expected in steps:
            assert (await edit(client, owner, item, **members)).json()["total_price"] == expected


class TestPrice:
    @pytest.mark.parametrize("price", NO_PRICES, ids=repr)
    async def test_what_is_no_price_is_422(self, client: AsyncClient, make: Factory, price: Any) -> None:
        owner = await make.member()
        answer = await create(client, owner, price=price)
        assert (answer.status_code, [pointer for pointer, _ in errors(answer)]) == (422, ["/price"])
        item = await make.item(owner)
        for name in ("price", "discount_price"):
            answer = await edit(client, owner, item, **{name: price})
            assert (answer.status_code, [pointer for pointer, _ in errors(answer)]) == (422, [f"/{name}"])
        assert (await client.get(f"/items/{item}")).json()["price"] == "24.90"

    @pytest.mark.parametrize("price", ["0.01", "0.10", "1.00", "9999999.99"])
    async def test_is_answered_as_it_was_said(self, client: AsyncClient, make: Factory, price: str) -> None:
        assert (await create(client, await make.member(), price=price)).json()["price"] == price

    @pytest.mark.parametrize("name", ["price", "title", "tax", "in_stock", "status", "tags"])
    async def test_what_an_item_needs_is_not_cleared(self, client: AsyncClient, make: Factory, name: str) -> None:
        owner = await make.member()
        answer = await edit(client, owner, await make.item(owner), **{name: None})
        assert (answer.status_code, [pointer for pointer, _ in errors(answer)]) == (422, [f"/{name}"])

    @pytest.mark.parametrize("name", ["total_price", "views", "owner", "owner_id", "version", "created_at"])
    async def test_what_follows_from_the_rest_is_not_given(self, client: AsyncClient, make: Factory, name: str) -> None:
        answer = await create(client, await make.member(), **{name: "1.00"})
        assert (answer.status_code, [pointer for pointer, _ in errors(answer)]) == (422, [f"/{name}"])


class TestTax:
    @pytest.mark.parametrize("tax", NO_TAXES, ids=repr)
    async def test_what_is_no_tax_is_422(self, client: AsyncClient, make: Factory, tax: Any) -> None:
        answer = await create(client, await make.member(), tax=tax)
        assert (answer.status_code, [pointer for pointer, _ in errors(answer)]) == (422, ["/tax"])

    @pytest.mark.parametrize(
        ("tax", "answered"),
        [("0", "0.00"), ("0.5", "0.50"), ("7.25", "7.25"), ("19", "19.00"), ("100", "100.00"), ("100.00", "100.00")],
    )
    async def test_is_answered_with_two_places(
        self, client: AsyncClient, make: Factory, tax: str, answered: str
    ) -> None:
        assert (await create(client, await make.member(), tax=tax)).json()["tax"] == answered


class TestDiscount:
    @pytest.mark.parametrize("discount", ["24.90", "24.91", "9999999.99"])
    async def test_is_below_the_price_on_creation(self, client: AsyncClient, make: Factory, discount: str) -> None:
        answer = await create(client, await make.member(), discount_price=discount)
        assert (answer.status_code, errors(answer)) == (422, [("/discount_price", "discount_not_below_price")])
        assert (await client.get("/items")).json()["items"] == []

    @pytest.mark.parametrize(
        ("members", "pointer"),
        [
            # Each alone, and both together: what counts is the pair that comes of it.
            ({"price": "10.00"}, "/price"),
            ({"price": "9.99"}, "/price"),
            ({"discount_price": "20.00"}, "/discount_price"),
            ({"discount_price": "20.01"}, "/discount_price"),
            ({"price": "30.00", "discount_price": "30.00"}, "/discount_price"),
            ({"price": "9.00", "discount_price": "9.50"}, "/discount_price"),
        ],
    )
    async def test_is_below_the_price_after_an_edit(
        self, client: AsyncClient, make: Factory, members: dict[str, str], pointer: str
    ) -> None:
        owner = await make.member()
        item = await make.item(owner, price="20.00", discount_price="10.00")
        answer = await edit(client, owner, item, **members)
        assert (answer.status_code, errors(answer)) == (422, [(pointer, "discount_not_below_price")])
        read = (await client.get(f"/items/{item}")).json()
        assert (read["price"], read["discount_price"], read["version"]) == ("20.00", "10.00", 1)

    @pytest.mark.parametrize(
        "members",
        [
            {"price": "10.01"},
            {"discount_price": "19.99"},
            {"price": "5.00", "discount_price": "4.99"},
            {"price": "5.00", "discount_price": None},
        ],
    )
    async def test_a_pair_that_fits_is_taken(
        self, client: AsyncClient, make: Factory, members: dict[str, str | None]
    ) -> None:
        owner = await make.member()
        item = await make.item(owner, price="20.00", discount_price="10.00")
        answer = await edit(client, owner, item, **members)
        assert answer.status_code == 200
        assert members.items() <= answer.json().items()
