"""Views are counted in memory: a service that is told to stop writes what it has counted, each once."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.contract.checked import checked
from tests.operations.service import Service, directory, running

READERS, EACH = 4, 50


def views(service: Service) -> dict[str, int]:
    items = service.get("/api/v1/posts?limit=2").json()["items"]
    return {item["id"]: item["views"] for item in items}


def read(service: Service, post_id: str) -> int:
    """Read a post again and again on one connection; return how often it was answered."""
    with httpx2.Client(base_url=service.url, timeout=15) as client:
        return sum(checked(client.get(f"/api/v1/posts/{post_id}")).status_code == 200 for _ in range(EACH))


class TestViews:
    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_are_all_there_after_a_stop(self, workers: str) -> None:
        with directory() as data_dir:
            with running(data_dir, DEMO_DATA="true", WORKERS=workers) as service:
                before = views(service)
                with ThreadPoolExecutor(READERS) as threads:
                    asked = [*before] * (READERS // len(before))
                    answered = sum(threads.map(read, [service] * len(asked), asked))
                # At once: some of them have been counted and not written yet.
                assert service.terminate()[0] == 0
            assert answered == READERS * EACH
            with running(data_dir, DEMO_DATA="true") as service:
                after = views(service)
        assert {post_id: count - before[post_id] for post_id, count in after.items()} == dict.fromkeys(
            before, answered // len(before)
        )
