"""How many statements an operation sends: no list asks per row, and a new comment is one."""

from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.auth.living import forget
from tests.comments.conftest import Recorder
from tests.factories import Factory

# authorize() asks whether the session lives, unless it has just done so.
SESSION = 1


async def deep_thread(make: Factory, post_id: UUID, width: int) -> None:
    """Write a top-level comment with a chain below it and answers beside every level."""
    for _ in range(width):
        parent: UUID | None = None
        for _ in range(5):
            above, parent = parent, await make.comment(post_id, parent=parent)
            await make.comment(post_id, parent=above)


class TestListComments:
    @pytest.mark.parametrize("query", ["", "?layout=flat", "?sort=created_at&limit=3"])
    async def test_one_whatever_the_size(
        self, client: AsyncClient, make: Factory, statements: Recorder, query: str
    ) -> None:
        for width in (0, 1, 4):
            post_id = await make.post()
            await deep_thread(make, post_id, width)
            await statements.taken()
            answer = await client.get(f"/posts/{post_id}/comments{query}")
            assert answer.status_code == 200
            assert len(await statements.taken()) == 1

    async def test_one_more_for_the_total(self, client: AsyncClient, make: Factory, statements: Recorder) -> None:
        post_id = await make.post()
        await deep_thread(make, post_id, 2)
        await statements.taken()
        await client.get(f"/posts/{post_id}/comments?include_total=true")
        assert len(await statements.taken()) == 2


@pytest.mark.actor("user")
class TestCreateComment:
    @pytest.mark.parametrize("text", ["Looms, yes.", "Looms, @ada_l."])
    async def test_one_writes_it_and_tells_of_it(
        self, client: AsyncClient, make: Factory, statements: Recorder, text: str
    ) -> None:
        """It needs no transaction but its own, unless it may have to be taken back."""
        post_id = await make.post()
        # The driver asks about a type once for each connection.
        assert (await client.post(f"/posts/{post_id}/comments", json={"content": text})).status_code == 201
        above = str(await make.comment(post_id))
        for parent_id, key, transactions in ((None, {}, 0), (above, {}, 1), (None, {"Idempotency-Key": "a"}, 1)):
            await statements.taken()
            statements.begun = 0
            forget()
            draft = {"content": text, "parent_id": parent_id}
            assert (await client.post(f"/posts/{post_id}/comments", json=draft, headers=key)).status_code == 201
            taken = [one for one in await statements.taken() if "idempotency" not in one and "advisory" not in one]
            assert (len(taken), statements.begun) == (SESSION + 1, transactions), taken

    async def test_a_second_finds_out_why_it_was_refused(
        self, client: AsyncClient, make: Factory, statements: Recorder
    ) -> None:
        post_id = await make.post(status="draft")
        await statements.taken()
        assert (await client.post(f"/posts/{post_id}/comments", json={"content": "Looms, yes."})).status_code == 404
        assert len(await statements.taken()) == SESSION + 2
