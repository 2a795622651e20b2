"""What the changelog says of each kind of change."""

import json
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import changelog, gate
from tests.gates.releases import Planted, drop, node_at

HOOK = {
    "post": {
        "operationId": "postPublished",
        "summary": "Post published",
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Post"}}}},
        "responses": {"200": {"description": "It was taken."}},
    }
}
TITLE = "#/components/schemas/PostSummary/properties"


def change(document: Any) -> None:
    """Change a contract in every way that is told in a way of its own."""
    document["info"]["version"] = "0.2.0"
    document["info"]["description"] = "Other words."
    document["webhooks"]["postWithdrawn"] = deepcopy(HOOK)
    drop(document, "#/webhooks/postPublished")
    drop(document, "#/paths/~1posts/get/parameters/4")
    drop(document, "#/components/headers/Retry-After/required")
    drop(document, "#/paths/~1posts/post/responses/201/links/GetPost")
    node_at(document, "#/paths/~1posts/get")["x-codeSamples"] = [{"lang": "Shell", "source": "curl"}]
    node_at(document, TITLE)["title"] = {"$ref": "#/components/schemas/PostTitle", "description": "Its title."}
    node_at(document, "#/components/schemas/Post/properties")["words"] = {"$ref": "#/components/schemas/Count"}
    node_at(document, "#/components/schemas/Limit")["maximum"] = 200
    document["paths"]["/tags"]["get"] |= {
        "deprecated": True,
        "x-deprecated-since": "2027-06-01",
        "x-sunset": "2028-01-01",
    }
    document["paths"]["/posts/drafts"] = {
        "get": {
            "operationId": "listDrafts",
            "summary": "List drafts",
            "responses": document["paths"]["/posts"]["get"]["responses"],
        }
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The section of a version in which all of it happened."""
    planted = Planted(tmp_path_factory.mktemp("openapi"))
    planted.published["webhooks"] = {"postPublished": deepcopy(HOOK)}
    planted.publish(planted.published)
    planted.now = deepcopy(planted.published)
    change(planted.now)
    now = gate.standing(planted.folder, planted.file)
    assert any(
        "openapi/openapi.yaml: #/webhooks/postPublished" in line for line in gate.complaints(now, date(2027, 6, 1))
    )
    return changelog.newest(now).splitlines()


def under(told: list[str], heading: str) -> list[str]:
    """Return what stands under a heading."""
    after = told[told.index(f"### {heading}") + 2 :]
    return after[: after.index("")] if "" in after else after


def test_names_the_version(told: list[str]) -> None:
    assert told[:3] == ["# Changes of the contract", "", "## 0.2.0, not published yet"]


@pytest.mark.parametrize(
    ("heading", "lines"),
    [
        (
            "Breaking",
            [
                "- `GET /posts`, parameter `sort`: `sort` query parameter was removed.",
                "- webhook `postPublished`: Webhook `postPublished` was removed.",
            ],
        ),
        ("Deprecated", ["- `GET /tags` is deprecated since 2027-06-01, and stays until 2028-01-01."]),
        (
            "Added",
            [
                "- `GET /posts/drafts` (`listDrafts`): List drafts.",
                "- schema `Post`, member `words`.",
                "- webhook `POST postWithdrawn` (`postPublished`): Post published.",
            ],
        ),
        ("Removed", ["- `POST /posts`, answer `201`, link `GetPost`."]),
        ("Documentation", ["- `GET /posts`, `x-codeSamples`.", "- `info`, `description`."]),
    ],
)
def test_tells(told: list[str], heading: str, lines: list[str]) -> None:
    found = under(told, heading)
    assert [line for line in lines if line not in found] == [], found
    assert not [line for line in found if "version" in line or "sunset" in line]


def test_tells_short_values(told: list[str]) -> None:
    assert "- schema `Limit`, `maximum`: changed from `100` to `200`." in under(told, "Changed")


def test_is_the_same_again(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    planted.now["info"]["description"] = "Other words."
    first = changelog.changelog(gate.standing(planted.folder, planted.file))
    planted.now = json.loads(json.dumps(planted.now, sort_keys=True))
    assert changelog.changelog(gate.standing(planted.folder, planted.file)) == first
