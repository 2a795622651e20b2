"""downloadMedia: whole, in ranges, and never as something that a browser runs."""

from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from app.media import store
from app.sql import Connection
from tests.media.samples import FILES, kept

pytestmark = pytest.mark.actor("user")
TEXT = bytes(range(0x61, 0x7B)) * 10
BEYOND = ["bytes=260-", "bytes=1000-2000,300-", "bytes=-0", "bytes=" + ",".join(f"{n * 4}-{n * 4}" for n in range(11))]
NO_RANGES = ["lines=1-2", "bytes", "bytes=", "bytes=a-b", "bytes=2-1", "bytes=-", "bytes=1-2,x", "bytes=0x1-2"]


async def content(client: AsyncClient, medium: dict[str, str], **headers: str) -> Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.get(f"/media/{medium['id']}/content", headers=sent)


class TestDownloadMedia:
    @pytest.mark.parametrize("media_type", FILES)
    async def test_says_what_it_is_and_keeps_browsers_from_guessing(self, client: AsyncClient, media_type: str) -> None:
        medium = await kept(client, FILES[media_type])
        for answer, status in (
            (await content(client, medium), 200),
            (await content(client, medium, Range="bytes=0-9"), 206),
        ):
            headers = answer.headers
            assert (answer.status_code, headers["content-type"].partition(";")[0]) == (status, media_type)
            shown = media_type.startswith(("image/", "video/"))
            assert headers["content-disposition"].startswith("inline" if shown else "attachment")
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
            assert headers["cache-control"] == "private, max-age=86400, immutable"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["accept-ranges"] == "bytes"
            assert "content-encoding" not in headers

    async def test_is_not_sent_to_who_has_it(self, client: AsyncClient) -> None:
        medium = await kept(client)
        tag = (await content(client, medium)).headers["etag"]
        answer = await content(client, medium, If_None_Match=tag, Range="bytes=0-1")
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert (await content(client, medium, If_None_Match='"other"')).status_code == 200

    @pytest.mark.parametrize(
        ("asked", "first", "last"),
        [
            ("bytes=0-0", 0, 0),
            ("bytes=10-19", 10, 19),
            ("bytes=250-", 250, 259),
            ("bytes=-10", 250, 259),
            ("bytes=-1000", 0, 259),
            ("bytes=200-100000", 200, 259),
            ("Bytes = 1-2", 1, 2),
            ("bytes=1-2,3-4", 1, 4),
            ("bytes=5-9, 0-6", 0, 9),
            ("bytes=0-1,1000-2000", 0, 1),
        ],
    )
    async def test_answers_a_range(self, client: AsyncClient, asked: str, first: int, last: int) -> None:
        medium = await kept(client, TEXT)
        answer = await content(client, medium, Range=asked)
        assert (answer.status_code, answer.content) == (206, TEXT[first : last + 1])
        assert answer.headers["content-range"] == f"bytes {first}-{last}/260"
        assert answer.headers["content-length"] == str(last - first + 1)

    async def test_answers_several_ranges(self, client: AsyncClient) -> None:
        medium = await kept(client, TEXT)
        answer = await content(client, medium, Range="bytes=20-29,-5,0-3")
        assert answer.status_code == 206
        kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
        parts = answer.content.split(f"\r\n--{boundary}".encode())
        assert (kind, parts[0], parts[-1]) == ("multipart/byteranges", b"", b"--\r\n")
        for part, (first, end) in zip(parts[1:-1], ((20, 30), (255, 260), (0, 4)), strict=True):
            head, _, body = part.partition(b"\r\n\r\n")
            assert f"Content-Range: bytes {first}-{end - 1}/260".encode() in head
            assert b"Content-Type: text/plain" in head
            assert body == TEXT[first:end]
        assert "content-range" not in answer.headers
        assert int(answer.headers["content-length"]) == len(answer.content)

    @pytest.mark.parametrize("asked", BEYOND)
    async def test_refuses_what_is_not_there(self, client: AsyncClient, asked: str) -> None:
        medium = await kept(client, TEXT)
        answer = await content(client, medium, Range=asked)
        assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
        assert answer.headers["content-range"] == "bytes */260"

    @pytest.mark.parametrize("asked", NO_RANGES)
    async def test_ignores_what_is_no_range(self, client: AsyncClient, asked: str) -> None:
        medium = await kept(client, TEXT)
        answer = await content(client, medium, Range=asked)
        assert (answer.status_code, answer.content) == (200, TEXT)

    async def test_a_part_of_something_else_is_not_answered(self, client: AsyncClient) -> None:
        medium = await kept(client, TEXT)
        tag = (await content(client, medium)).headers["etag"]
        assert (await content(client, medium, Range="bytes=0-1", If_Range=tag)).status_code == 206
        for other in ('"other"', f"W/{tag}", "Sun, 22 Nov 2026 00:00:00 GMT"):
            assert (await content(client, medium, Range="bytes=0-1", If_Range=other)).status_code == 200

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("portrait.txt", 'attachment; filename="portrait.txt"'),
            ("page.html", 'attachment; filename="page.html.txt"'),
            ("holiday.txt.exe", 'attachment; filename="holiday.txt.exe.txt"'),
            ('a"; filename=evil.exe', 'attachment; filename="a_; filename=evil.exe.txt"'),
            ("con.txt", 'attachment; filename="_con.txt"'),
            (".htaccess", 'attachment; filename="htaccess.txt"'),
            ("été 織.TXT", "attachment; filename=\"ete .TXT\"; filename*=UTF-8''%C3%A9t%C3%A9%20%E7%B9%94.TXT"),
            ("織", "attachment; filename=\"file.txt\"; filename*=UTF-8''%E7%B9%94.txt"),
            ("a\u202etxt.exe", 'attachment; filename="atxt.exe.txt"'),
            ("100%.txt", 'attachment; filename="100_.txt"'),
        ],
    )
    async def test_gives_a_name_that_harms_nobody(
        self, client: AsyncClient, connection: Connection, given: str, said: str
    ) -> None:
        medium = await kept(client, TEXT)
        await connection.execute("UPDATE media SET original_name = $1", given)
        assert (await content(client, medium)).headers["content-disposition"] == said

    async def test_of_what_has_lost_its_file_is_not_found(self, client: AsyncClient) -> None:
        medium = await kept(client, TEXT)
        await store.remove([UUID(medium["id"])])
        assert (await content(client, medium)).status_code == 404
