import json

import pytest

from scripts.bench import measure
from scripts.bench.measure import NAMES
from scripts.bench.servers import GALLEY, LIMIT, TUTORIAL

POST = {
    "title": "The engine weaves",
    "author": {"username": "ada"},
    "views": 3,
    "created_at": "2026-01-01T00:00:00Z",
}
PATH = "/api/v1/posts?limit=20"


def answers(name: str, **instead: object) -> dict[str, bytes]:
    """Return the answers of all three services, one of which has other members."""
    page = {
        each: {"items": [POST | (instead if each == name else {})], "page": {"next_cursor": each}} for each in NAMES
    }
    return {each: json.dumps(answer).encode() for each, answer in page.items()}


class TestCompare:
    def test_cursors_views_and_fractions_of_a_second_may_differ(self) -> None:
        assert measure.compare(answers(LIMIT, views=4, created_at="2026-01-01T00:00:00.000+00:00"), PATH) == []

    @pytest.mark.parametrize("name", [LIMIT, TUTORIAL])
    def test_another_value(self, name: str) -> None:
        said = measure.compare(answers(name, title="The loom weaves"), PATH)
        assert said == [f"/api/v1/posts: /items/0/title of {name} is not Galley's"]

    def test_a_member_too_many(self) -> None:
        said = measure.compare(answers(TUTORIAL, content="It weaves."), PATH)
        assert said == ["/api/v1/posts: /items/0/content of tutorial is not Galley's"]

    def test_a_member_too_few_in_a_nested_object(self) -> None:
        said = measure.compare(answers(GALLEY, author={"username": "ada", "full_name": None}), PATH)
        assert said == [
            "/api/v1/posts: /items/0/author/full_name of limit is not Galley's",
            "/api/v1/posts: /items/0/author/full_name of tutorial is not Galley's",
        ]
