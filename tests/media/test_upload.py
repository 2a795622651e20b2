"""uploadMedia: what is taken, what becomes of it, and what is refused without a trace."""

import pytest
from httpx2 import AsyncClient

from app.media import store
from app.sql import Connection
from tests.contract.requests import fingerprint
from tests.factories import Factory, Member
from tests.media.samples import FILES, PNG, SECRET, doc, form, kept, mp4, picture, upload, webm

pytestmark = pytest.mark.actor("user")
FILE = 'form-data; name="files"; filename="a.png"'


class TestUploadMedia:
    @pytest.mark.parametrize("media_type", FILES)
    async def test_knows_each_type_by_its_content(self, client: AsyncClient, media_type: str) -> None:
        medium = await kept(client, FILES[media_type], name="holiday.exe")
        kind = media_type.partition("/")[0]
        assert (medium["media_type"], medium["original_name"]) == (media_type, "holiday.exe")
        assert medium["kind"] == (kind if kind in ("image", "video") else "document")
        assert (medium["width"], medium["height"]) == ((40, 30) if kind == "image" else (None, None))
        assert (medium["is_public"], medium["version"], medium["variants"]) == (False, 1, [])
        content = await client.get(f"/media/{medium['id']}/content")
        assert (content.status_code, len(content.content)) == (200, medium["size"])
        if kind != "image":
            assert content.content == FILES[media_type]
        assert [store.id_of(name) for name in await store.names()] == [medium["id"]]

    async def test_keeps_several_in_their_order(self, client: AsyncClient, connection: Connection) -> None:
        answer = await upload(client, *list(FILES.values())[:5])
        assert [item["media_type"] for item in answer.json()["items"]] == list(FILES)[:5]
        assert answer.headers["location"] == "/api/v1/media"
        jobs = await connection.fetch("SELECT kind FROM jobs")
        assert [job["kind"] for job in jobs] == ["media.make_thumbnails"] * 4

    async def test_says_where_one_is(self, client: AsyncClient) -> None:
        answer = await upload(client, PNG)
        (medium,) = answer.json()["items"]
        assert answer.headers["location"] == f"/api/v1/media/{medium['id']}"
        assert (await client.get(f"/media/{medium['id']}")).json() == medium

    @pytest.mark.parametrize("media_type", ["image/jpeg", "image/webp"])
    async def test_takes_metadata_off(self, client: AsyncClient, media_type: str) -> None:
        assert SECRET in FILES[media_type]
        medium = await kept(client, FILES[media_type])
        assert SECRET not in (await client.get(f"/media/{medium['id']}/content")).content

    async def test_turns_an_image_as_it_was_held(self, client: AsyncClient) -> None:
        medium = await kept(client, picture(orientation=6))
        assert (medium["width"], medium["height"]) == (30, 40)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ada\\portrait.png", "portrait.png"),
            ("/", "file"),
            ("..", ".."),
            ("Adas “Loom” 织.png", "Adas “Loom” 织.png"),
            ("a\tb.png", "ab.png"),
            ("x" * 400, "x" * 255),
            ("", "file"),
        ],
    )
    async def test_keeps_the_last_part_of_a_name(self, client: AsyncClient, given: str, said: str) -> None:
        body, headers = form((f'form-data; name="files"; filename="{given}"'.replace("\\", "\\\\"), PNG))
        answer = await client.post("/media", content=body, headers=headers)
        assert answer.json()["items"][0]["original_name"] == said

    async def test_is_safe_to_retry(self, client: AsyncClient, connection: Connection) -> None:
        key = {"Idempotency-Key": "one-portrait"}
        first, second = [await upload(client, PNG, headers=key) for _ in range(2)]
        assert second.json() == first.json()
        assert second.headers["idempotent-replayed"] == "true"
        assert len(await store.names()) == 1
        assert await connection.fetchval("SELECT count(*) FROM media_files") == 1
        other = await upload(client, FILES["image/gif"], headers=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 422, "validation_failed"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", 415, "unsupported_media_type"),
    "html": (b"\n <!DOCTYPE html><script>alert(1)</script>", 415, "unsupported_media_type"),
    "bom html": (b"\xef\xbb\xbf<html>", 415, "unsupported_media_type"),
    "rtf": (b"{\\rtf1 Hello}", 415, "unsupported_media_type"),
    "zip": (b"PK\x03\x04" + bytes(100), 415, "unsupported_media_type"),
    "program": (b"\x7fELF" + bytes(100), 415, "unsupported_media_type"),
    "latin-1": ("Caf\u00e9 am Ring".encode("latin-1"), 415, "unsupported_media_type"),
    "late nul": (b"a" * 5_000 + b"\x00", 415, "unsupported_media_type"),
    "late latin-1": (b"a" * 5_000 + b"\xe9", 415, "unsupported_media_type"),
    "cut letter": (b"a" * 5_000 + b"\xe2\x82", 415, "unsupported_media_type"),
    "escape": (b"\x1b[2J", 415, "unsupported_media_type"),
    "matroska": (webm(b"matroska"), 415, "unsupported_media_type"),
    "quicktime": (mp4(b"qt  "), 415, "unsupported_media_type"),
    "heic": (mp4(b"heic"), 415, "unsupported_media_type"),
    "mp4 without a film": (mp4()[:20], 415, "unsupported_media_type"),
    "mp4 cut": (mp4()[:-1], 415, "unsupported_media_type"),
    "spreadsheet": (doc().replace("WordDocument".encode("utf-16-le"), bytes(24)), 415, "unsupported_media_type"),
    "tiff": (b"II*\x00" + bytes(100), 415, "unsupported_media_type"),
    "cut png": (PNG[:40], 422, "validation_failed"),
    "png head": (b"\x89PNG\r\n\x1a\n", 422, "validation_failed"),
    "bomb": (picture("PNG", (20_000, 3_000)), 413, "payload_too_large"),
    "large image": (FILES["image/jpeg"] + bytes(10 * 1_048_576), 413, "payload_too_large"),
    "large text": (b"a" * (10 * 1_048_576 + 1), 413, "payload_too_large"),
}


BODY, KIND = form((FILE, PNG))[0], "multipart/form-data; boundary=loom"
MALFORMED: dict[str, tuple[bytes, str]] = {
    "no boundary": (BODY, "multipart/form-data"),
    "empty boundary": (BODY, "multipart/form-data; boundary="),
    "long boundary": (BODY, f"multipart/form-data; boundary={'x' * 71}"),
    "other boundary": (BODY, "multipart/form-data; boundary=other"),
    "no end": (form((FILE, PNG), end=False)[0], KIND),
    "cut": (BODY[:-10], KIND),
    "no name": (form(("attachment", PNG))[0], KIND),
    "encoded": (form((FILE + "\r\nContent-Transfer-Encoding: base64", PNG))[0], KIND),
    "json": (b"{}", KIND),
    "long header": (form((FILE + "\r\nX: " + "y" * 10_000, PNG))[0], KIND),
    "many headers": (form((FILE + "\r\nX: y" * 20, PNG))[0], KIND),
}


class TestRefusals:
    @pytest.mark.parametrize("name", REFUSED)
    async def test_leaves_nothing(self, client: AsyncClient, connection: Connection, name: str) -> None:
        content, status, code = REFUSED[name]
        before = await fingerprint(connection)
        # All or nothing: a good one before it changes nothing.
        answer = await upload(client, PNG, content)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert await fingerprint(connection) == before
        assert await store.names() == []
        if status == 422:
            assert answer.json()["errors"][0]["pointer"] == "/files/1"

    @pytest.mark.parametrize(
        ("parts", "pointer", "code"),
        [
            ([], "/files", "missing"),
            ([('form-data; name="file"; filename="a.png"', PNG)], "/file", "extra_forbidden"),
            ([(FILE, PNG), ('form-data; name="comment"', b"Look!")], "/comment", "extra_forbidden"),
            ([('form-data; name="files"', PNG)], "/files", "no_file"),
            ([(FILE, PNG)] * 6, "/files", "too_long"),
            ([(FILE, b"")], "/files/0", "empty"),
        ],
        ids=["none", "another", "one more", "a text", "six", "empty"],
    )
    async def test_of_a_form_name_what_is_wrong(
        self, client: AsyncClient, parts: list[tuple[str, bytes]], pointer: str, code: str
    ) -> None:
        body, headers = form(*parts)
        answer = await client.post("/media", content=body, headers=headers)
        assert answer.status_code == 422, answer.text
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
        assert await store.names() == []

    @pytest.mark.parametrize("name", MALFORMED)
    async def test_what_is_no_form_is_malformed(self, client: AsyncClient, name: str) -> None:
        body, kind = MALFORMED[name]
        answer = await client.post("/media", content=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request"), answer.text
        assert await store.names() == []

    async def test_another_media_type_is_refused(self, client: AsyncClient) -> None:
        answer = await client.post("/media", content=PNG, headers={"Content-Type": "image/png"})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    async def test_takes_what_is_just_small_enough(self, client: AsyncClient) -> None:
        medium = await kept(client, b"a" * (10 * 1_048_576))
        assert medium["size"] == 10 * 1_048_576


class TestOthers:
    async def test_nobody_else_sees_a_medium(self, client: AsyncClient, make: Factory) -> None:
        medium = await kept(client)
        other: Member = await make.member()
        for path in (f"/media/{medium['id']}", f"/media/{medium['id']}/content"):
            assert (await client.get(path, headers=other.headers)).status_code == 404
            assert (await client.get(path, headers={"Authorization": ""})).status_code in (401, 404)
        listed = await client.get("/media", params={"include_total": "true"}, headers=other.headers)
        assert (listed.json()["items"], listed.json()["page"]["total"]) == ([], 0)
        moderator = await make.member("moderator")
        assert (await client.get(f"/media/{medium['id']}", headers=moderator.headers)).status_code == 200
