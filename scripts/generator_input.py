"""What the generator of code is told about the contract, and what it is spared."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

from scripts.samples.values import resolved

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
# The generator takes time by the square of the number of headers. Every answer has the first, which the frame writes
# and the client reads by name; of what else a refusal declares, a caller acts on the second.
HEADERS_OF_ALL = frozenset({"X-Request-ID", "Server-Timing", "RateLimit", "RateLimit-Policy"})
HEADERS_OF_REFUSALS = frozenset({"Retry-After"})
# The media type of several parts of one file.
RANGES = "multipart/byteranges"


def operations(contract: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Yield path, method, operation and path item of every operation."""
    for path, item in contract["paths"].items():
        for method in (name for name in item if name in METHODS):
            yield path, method, item[method], item


def request_models(contract: dict[str, Any]) -> set[str]:
    """Return the schemas of request bodies, with the objects they are made of."""
    schemas = contract["components"]["schemas"]
    found: set[str] = set()

    def visit(node: object) -> None:
        for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(node)):
            if name not in found:
                found.add(name)
                visit(schemas[name])

    for _, _, operation, _ in operations(contract):
        visit(operation.get("requestBody"))
    return {name for name in found if schemas[name].get("type") == "object"}


def for_the_generator(contract: dict[str, Any]) -> str:
    """Return the contract as JSON, its answers without the headers that no caller acts on.

    Several ranges in one answer are nothing that the generator can write or read; who asks for them reads them himself.
    """
    lean = copy.deepcopy(contract)
    answers = [named for _, _, operation, _ in operations(lean) for named in operation["responses"].items()]
    for status, answer in ((status, resolved(lean, answer)) for status, answer in answers):
        answer.get("content", {}).pop(RANGES, None)
        declared = answer.get("headers", {}).keys()
        kept = declared - HEADERS_OF_ALL if status.startswith(("2", "3")) else declared & HEADERS_OF_REFUSALS
        answer["headers"] = {name: answer["headers"][name] for name in declared if name in kept}
    return json.dumps(lean)
