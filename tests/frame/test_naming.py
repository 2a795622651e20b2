"""What names in a contract mean elsewhere."""

import pytest

from app.naming import is_json, snake


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("getPost", "get_post"),
        ("getAPost", "get_a_post"),
        ("getURLThing", "get_url_thing"),
        ("listV2Items", "list_v2_items"),
        ("log", "log"),
        ("API Keys", "api_keys"),
        ("ApiKeys", "api_keys"),
    ],
)
def test_of_operations_and_tags(name: str, expected: str) -> None:
    assert snake(name) == expected


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [("application/json", True), ("application/problem+json", True), ("application/x-ndjson", False), ("", False)],
)
def test_of_media_types(media_type: str, *, expected: bool) -> None:
    assert is_json(media_type) is expected
