"""`GET /openapi.json` and `GET /openapi.yaml`."""

import gzip

import httpx2
import pytest

from app.contract import BUNDLE

KINDS = {"/openapi.json": "application/json", "/openapi.yaml": "application/yaml"}


@pytest.mark.parametrize("path", KINDS)
class TestContract:
    async def test_is_the_committed_bundle_byte_for_byte(self, client: httpx2.AsyncClient, path: str) -> None:
        response = await client.get(path)
        assert response.content == (BUNDLE.parent / path[1:]).read_bytes()
        assert response.headers["content-type"] == KINDS[path]
        assert response.headers["cache-control"].startswith("public")

    @pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "*"])
    async def test_is_compressed_for_who_takes_gzip(self, client: httpx2.AsyncClient, path: str, accepted: str) -> None:
        async with client.stream("GET", path, headers={"Accept-Encoding": accepted}) as response:
            packed = b"".join([chunk async for chunk in response.aiter_raw()])
        assert response.headers["content-encoding"] == "gzip"
        assert response.headers["vary"] == "Accept-Encoding"
        assert int(response.headers["content-length"]) == len(packed)
        assert gzip.decompress(packed) == (BUNDLE.parent / path[1:]).read_bytes()

    @pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br"])
    async def test_is_plain_for_who_does_not(self, client: httpx2.AsyncClient, path: str, accepted: str) -> None:
        response = await client.get(path, headers={"Accept-Encoding": accepted})
        assert "content-encoding" not in response.headers

    async def test_each_form_has_a_strong_tag_of_its_own(self, client: httpx2.AsyncClient, path: str) -> None:
        plain = (await client.get(path)).headers["etag"]
        packed = (await client.get(path, headers={"Accept-Encoding": "gzip"})).headers["etag"]
        assert plain != packed
        assert not plain.startswith("W/")

    @pytest.mark.parametrize("condition", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
    async def test_is_not_sent_again(self, client: httpx2.AsyncClient, path: str, condition: str) -> None:
        tag = (await client.get(path)).headers["etag"]
        response = await client.get(path, headers={"If-None-Match": condition.format(tag=tag)})
        assert response.status_code == 304
        assert response.content == b""
        assert response.headers["etag"] == tag
        assert response.headers["cache-control"].startswith("public")
        assert "content-type" not in response.headers

    async def test_is_sent_when_it_changed(self, client: httpx2.AsyncClient, path: str) -> None:
        response = await client.get(path, headers={"If-None-Match": '"other"'})
        assert response.status_code == 200
