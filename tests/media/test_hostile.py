"""Every hostile file there is, over HTTP: none is served as something active, and none leaves a trace."""

import pytest
from httpx2 import AsyncClient

from app.media import store
from app.sql import Connection
from tests.contract.requests import fingerprint
from tests.images.hostile import CASES, NAMES, Case
from tests.media.samples import PNG

pytestmark = pytest.mark.actor("user")


# What is no image is a document here, if it is one: kept as it is, and offered as a file.
DOCUMENTS = {
    "pdf.jpg": "application/pdf",
    "pdf-and-html.png": "application/pdf",
    "commands.mvg.png": "text/plain",
    "php.gif": "text/plain",
}
# There is nothing to tell the type of.
EMPTY = {"empty.png": "422"}


class TestHostileFiles:
    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    async def test_are_cleaned_or_refused(self, client: AsyncClient, connection: Connection, case: Case) -> None:
        before = await fingerprint(connection)
        answer = await client.post("/media", files=[("files", (case.name, case.content, case.declared))])
        if case.name in DOCUMENTS:
            (medium,) = answer.json()["items"]
            content = await client.get(f"/media/{medium['id']}/content")
            assert content.headers["content-type"].startswith(DOCUMENTS[case.name])
            assert content.headers["content-disposition"].startswith("attachment")
            return
        if case.fate != "accepted":
            assert str(answer.status_code) == EMPTY.get(case.name, case.fate), answer.text
            assert await fingerprint(connection) == before
            assert await store.names() == []
            return
        assert answer.status_code == 201, answer.text
        (medium,) = answer.json()["items"]
        assert medium["media_type"] == case.media_type
        content = await client.get(f"/media/{medium['id']}/content")
        assert content.headers["content-type"] == case.media_type
        assert [mark for mark in case.marks if mark in content.content] == []

    @pytest.mark.parametrize("name", [name for name in NAMES if name])
    async def test_names_lead_nowhere(self, client: AsyncClient, name: str) -> None:
        answer = await client.post("/media", files=[("files", (name, PNG, "image/png"))])
        (medium,) = answer.json()["items"]
        assert [store.id_of(found) for found in await store.names()] == [medium["id"]]
        content = await client.get(f"/media/{medium['id']}/content")
        said = content.headers["content-disposition"]
        assert said.split('"')[1].endswith(".png")
        assert not set("/\\<>:|?*%") & set(said.partition('filename="')[2].partition('"')[0])
