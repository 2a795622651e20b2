"""`GET /health` and `GET /health/ready`."""

import asyncio
import time
from datetime import UTC, datetime

import httpx2
import pytest

from app.contract import bundle
from tests.meta.conftest import Check, Connect, answering


async def refusing() -> None:
    raise ConnectionRefusedError("postgresql://galley:secret@db.internal:5432")


async def hanging() -> None:
    await asyncio.sleep(60)


async def deaf() -> None:
    """Hang, and resist being cancelled, as a half-open connection does."""
    until = time.monotonic() + 3
    while time.monotonic() < until:
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            continue


class TestHealth:
    async def test_tells_status_version_and_time(self, client: httpx2.AsyncClient) -> None:
        response = await client.get("/health")
        health = response.json()
        assert health["status"] == "ok"
        assert health["version"] == bundle()["info"]["version"]
        assert abs((datetime.now(UTC) - datetime.fromisoformat(health["timestamp"])).total_seconds()) < 60
        assert response.headers["cache-control"] == "no-store"

    async def test_does_not_depend_on_the_database(self, connect: Connect) -> None:
        assert (await connect(refusing).get("/health")).status_code == 200


class TestReadiness:
    async def test_names_each_dependency_with_its_latency(self, client: httpx2.AsyncClient) -> None:
        response = await client.get("/health/ready")
        assert response.status_code == 200
        assert response.json()["status"] == "ok"
        database = response.json()["dependencies"]["database"]
        assert database["status"] == "ok"
        assert 0 <= database["latency_ms"] < 1000

    async def test_is_503_when_the_database_refuses(self, connect: Connect) -> None:
        response = await connect(refusing).get("/health/ready")
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) >= 1
        assert response.json()["status"] == "unavailable"
        assert response.json()["dependencies"]["database"]["status"] == "unavailable"
        assert "secret" not in response.text

    @pytest.mark.parametrize("check", [hanging, deaf])
    async def test_is_503_within_two_seconds_when_the_database_hangs(self, connect: Connect, check: Check) -> None:
        started = time.monotonic()
        response = await connect(check).get("/health/ready")
        assert time.monotonic() - started < 2
        assert response.status_code == 503
        assert response.json()["dependencies"]["database"]["latency_ms"] >= 1000

    async def test_recovers_without_a_restart(self, connect: Connect) -> None:
        down = True

        async def check() -> None:
            if down:
                await refusing()

        client = connect(check)
        assert (await client.get("/health/ready")).status_code == 503
        down = False
        assert (await client.get("/health/ready")).status_code == 200


class TestSpared:
    async def test_is_told_and_takes_nothing_out_of_service(self, connect: Connect) -> None:
        response = await connect(answering, redis=refusing).get("/health/ready")
        state = response.json()
        assert (response.status_code, state["status"]) == (200, "degraded")
        assert {name: found["status"] for name, found in state["dependencies"].items()} == {
            "database": "ok",
            "redis": "degraded",
        }
