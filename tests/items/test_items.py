"""createItem, getItem, updateItem and deleteItem."""

from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from app import views
from app.sql import Connection
from tests.factories import Factory
from tests.items.calls import ANYWAY, NEW, PATCH, create, edit, errors, ids
from tests.mail.inbox import Inbox
from tests.mail.messages import text_of


class TestCreateItem:
    async def test_answers_the_item_with_what_was_not_said(self, client: AsyncClient, make: Factory) -> None:
        owner = await make.member(full_name="Ada Lindqvist")
        answer = await create(client, owner)
        item = answer.json()
        assert (answer.status_code, answer.headers["location"]) == (201, f"/api/v1/items/{item['id']}")
        expected: dict[str, Any] = {
            **NEW,
            "description": None,
            "tax": "0.00",
            "discount_price": None,
            "total_price": "24.90",
            "in_stock": True,
            "status": "active",
            "tags": [],
            "category_id": None,
            "owner": {"username": owner.username, "full_name": "Ada Lindqvist", "avatar_url": None},
            "views": 0,
            "version": 1,
        }
        assert expected.items() <= item.items()
        read = await client.get(f"/items/{item['id']}")
        assert (read.json(), read.headers["etag"]) == (item, answer.headers["etag"])

    async def test_takes_everything_that_can_be_said(self, client: AsyncClient, make: Factory) -> None:
        owner, category = await make.member(), await make.category("tools")
        said = {
            "description": " Twelve point.\nComplete. ",
            "tax": "7.00",
            "discount_price": "19.99",
            "in_stock": False,
            "status": "draft",
            "tags": [" Type", "brass", "", "TYPE"],
            "category_id": str(category),
        }
        item = (await create(client, owner, title="  A case  ", **said)).json()
        kept = said | {"title": "A case", "description": "Twelve point.\nComplete.", "tags": ["type", "brass"]}
        assert kept.items() <= item.items()

    @pytest.mark.parametrize("title", ["A", "é" * 200, "\U0001d538" * 200])
    async def test_a_title_of_one_or_of_two_hundred_characters(
        self, client: AsyncClient, make: Factory, title: str
    ) -> None:
        assert (await create(client, await make.member(), title=title)).json()["title"] == title

    @pytest.mark.parametrize("title", ["", "  ", "a\nb", "a" * 201, "\u200b", "a\x00b", None, 7])
    async def test_a_title_that_is_none(self, client: AsyncClient, make: Factory, title: object) -> None:
        answer = await create(client, await make.member(), title=title)
        assert (answer.status_code, {pointer for pointer, _ in errors(answer)}) == (422, {"/title"})

    @pytest.mark.parametrize("description", ["", " \n ", "a" * 1001, "a\x00b"])
    async def test_a_description_that_is_none(self, client: AsyncClient, make: Factory, description: str) -> None:
        answer = await create(client, await make.member(), description=description)
        assert (answer.status_code, {pointer for pointer, _ in errors(answer)}) == (422, {"/description"})

    async def test_a_description_of_a_thousand_characters(self, client: AsyncClient, make: Factory) -> None:
        answer = await create(client, await make.member(), description="é" * 1000)
        assert (answer.status_code, answer.json()["description"]) == (201, "é" * 1000)

    async def test_eleven_tags_are_too_many(self, client: AsyncClient, make: Factory) -> None:
        answer = await create(client, await make.member(), tags=[f"tag-{number}" for number in range(11)])
        assert (answer.status_code, errors(answer)[0][0]) == (422, "/tags")

    @pytest.mark.parametrize("way", ["createItem", "updateItem"])
    async def test_needs_a_category_that_takes_it(self, client: AsyncClient, make: Factory, way: str) -> None:
        owner = await make.member()
        closed = await make.category("closed", is_active=False)
        item = await make.item(owner)
        for category, code in ((closed, "inactive_category"), (uuid4(), "unknown_category")):
            if way == "createItem":
                answer = await create(client, owner, category_id=str(category))
            else:
                answer = await edit(client, owner, item, category_id=str(category))
            assert (answer.status_code, errors(answer)) == (422, [("/category_id", code)])

    async def test_a_retry_makes_no_second_item_and_no_second_mail(
        self, client: AsyncClient, make: Factory, inbox: Inbox
    ) -> None:
        owner = await make.member(email_verified=True)
        headers = owner.headers | {"Idempotency-Key": "a-case"}
        first, again = [await client.post("/items", json=NEW, headers=headers) for _ in range(2)]
        assert (again.status_code, again.json()) == (201, first.json())
        assert ids(await client.get("/items")) == [first.json()["id"]]
        assert len(await inbox.collect()) == 1


class TestTheMail:
    async def test_says_where_the_item_is_and_nothing_that_was_typed(
        self, client: AsyncClient, make: Factory, inbox: Inbox
    ) -> None:
        owner = await make.member(email="ada@example.org", email_verified=True)
        item = (await create(client, owner, title="Buy cheap looms", status="draft")).json()
        (mail,) = await inbox.collect()
        assert mail["To"].addresses[0].addr_spec == "ada@example.org"
        text = text_of(mail)
        assert f"http://localhost:8000/api/v1/items/{item['id']}" in text
        assert "draft: only you see it." in text
        assert "cheap" not in text + mail["Subject"]

    async def test_comes_for_every_item_to_an_address_that_is_verified(
        self, client: AsyncClient, make: Factory, inbox: Inbox
    ) -> None:
        owner = await make.member(email_verified=True)
        for _ in range(3):
            assert (await create(client, owner)).status_code == 201
        assert len(await inbox.collect()) == 3

    async def test_comes_once_a_day_to_an_address_that_may_be_somebody_elses(
        self, client: AsyncClient, make: Factory, inbox: Inbox
    ) -> None:
        for owner in (await make.member(email_verified=False), await make.member(email_verified=False)):
            for _ in range(3):
                assert (await create(client, owner)).status_code == 201
        assert len(await inbox.collect()) == 2

    async def test_is_not_queued_when_nothing_was_made(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        answer = await create(client, await make.member(), category_id=str(uuid4()))
        assert answer.status_code == 422
        assert await connection.fetchval("SELECT count(*) FROM jobs") == 0


class TestGetItem:
    @pytest.mark.parametrize("status", ["draft", "inactive"])
    async def test_what_is_not_active_does_not_exist_for_others(
        self, client: AsyncClient, make: Factory, status: str
    ) -> None:
        owner = await make.member()
        path = f"/items/{await make.item(owner, status=status)}"
        assert (await client.get(path)).status_code == 404
        assert (await client.get(path, headers=owner.headers)).status_code == 200
        for role in ("user", "manager", "moderator", "admin"):
            other = await make.member(role)
            assert (await client.get(path, headers=other.headers)).status_code == 404
            edited = await client.patch(path, json={"title": "Mine"}, headers=PATCH | other.headers)
            assert edited.status_code == 404
            assert (await client.delete(path, headers=ANYWAY | other.headers)).status_code == 404

    async def test_unchanged_is_304(self, client: AsyncClient, make: Factory) -> None:
        owner = await make.member()
        path = f"/items/{await make.item(owner)}"
        etag = (await client.get(path)).headers["etag"]
        assert (await client.get(path, headers={"If-None-Match": etag})).status_code == 304
        await client.patch(path, json={"in_stock": False}, headers=PATCH | owner.headers)
        assert (await client.get(path, headers={"If-None-Match": etag})).status_code == 200

    async def test_views_are_counted_together_and_only_of_what_is_active(
        self, client: AsyncClient, make: Factory, connection: Connection
    ) -> None:
        await views.flush()
        owner = await make.member()
        shown, hidden, post = await make.item(owner), await make.item(owner, status="draft"), await make.post()
        for path in (f"/items/{shown}", f"/items/{shown}", f"/items/{hidden}", f"/posts/{post}"):
            await client.get(path, headers=owner.headers)
        await views.flush()
        rows = await connection.fetch("SELECT id, views FROM items UNION ALL SELECT id, views FROM posts")
        assert {row["id"]: row["views"] for row in rows} == {shown: 2, hidden: 0, post: 1}


class TestUpdateItem:
    async def test_changes_what_is_given_and_clears_what_is_null(self, client: AsyncClient, make: Factory) -> None:
        owner = await make.member()
        item = await make.item(owner, description="Complete.", tax="19", tags=["type"])
        before = (await client.get(f"/items/{item}")).json()
        after = (await edit(client, owner, item, description=None, status="inactive")).json()
        changed = {name for name in before if before[name] != after[name]}
        assert changed - {"updated_at"} == {"description", "status", "version"}
        assert (after["description"], after["status"], after["version"]) == (None, "inactive", 2)

    async def test_of_others_is_403(self, client: AsyncClient, make: Factory) -> None:
        item = await make.item()
        for role in ("user", "manager", "moderator", "admin"):
            assert (await edit(client, await make.member(role), item, title="Mine")).status_code == 403

    async def test_of_another_version_is_412(self, client: AsyncClient, make: Factory) -> None:
        owner = await make.member()
        path = f"/items/{await make.item(owner)}"
        held = (await client.get(path)).headers["etag"]
        headers = PATCH | owner.headers | {"If-Match": held}
        assert (await client.patch(path, json={"price": "1.00"}, headers=headers)).status_code == 200
        # A pair of prices that would be wrong is not looked at before.
        stale = await client.patch(path, json={"discount_price": "5.00"}, headers=headers)
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")

    async def test_an_item_in_a_category_that_was_closed_can_be_edited(
        self, client: AsyncClient, make: Factory
    ) -> None:
        owner, closed = await make.member(), await make.category("closed", is_active=False)
        item = await make.item(owner, category_id=closed)
        answer = await edit(client, owner, item, category_id=str(closed), title="Still here")
        assert (answer.status_code, answer.json()["title"]) == (200, "Still here")


class TestDeleteItem:
    @pytest.mark.parametrize(("role", "status"), [("user", 403), ("manager", 204), ("moderator", 204), ("admin", 204)])
    async def test_of_others_takes_the_scope(self, client: AsyncClient, make: Factory, role: str, status: int) -> None:
        path = f"/items/{await make.item()}"
        other = await make.member(role)
        assert (await client.delete(path, headers=ANYWAY | other.headers)).status_code == status
        assert (await client.get(path)).status_code == (404 if status == 204 else 200)

    async def test_is_done_once(self, client: AsyncClient, make: Factory) -> None:
        owner = await make.member()
        path = f"/items/{await make.item(owner, status='draft')}"
        answers = [await client.delete(path, headers=ANYWAY | owner.headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [204, 404]
