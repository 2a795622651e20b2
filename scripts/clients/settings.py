"""What the contract says about calls and the generator of the Python client has to be told."""

from typing import Any

from scripts.samples.calls import METHODS
from scripts.samples.values import resolved

REQUEST_ID = "X-Request-ID"


def reference(path: str, method: str) -> str:
    """Return how the generator calls an operation."""
    return f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}"


def _settings(contract: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    answers = [
        resolved(contract, response)
        for status, response in operation["responses"].items()
        if status.startswith("2") or status == "default"
    ]
    settings: dict[str, Any] = {}
    # `default` stands for any status, a success of another kind too: told nothing, the client would answer with "a post
    # or a problem" where the contract means "a post, or else a problem".
    kinds = {kind for answer in answers[:1] for kind in answer.get("content", {})}
    if len(kinds) == 1:
        settings["response_media_type"] = kinds.pop()
    if all(REQUEST_ID in answer.get("headers", {}) for answer in answers):
        settings["runtime"] = {"request_id_header": REQUEST_ID}
    return settings


def client_settings(contract: dict[str, Any], names: dict[str, dict[str, str]]) -> dict[str, dict[str, Any]]:
    """Return the settings of every operation, with the names that its header parameters get."""
    return {
        place: {"parameter_names": names.get(place, {}), **_settings(contract, item[method])}
        for path, item in contract["paths"].items()
        for method in METHODS
        if method in item
        for place in (reference(path, method),)
    }
