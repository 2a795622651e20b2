"""The contract without what the generator makes nothing of."""

import copy
import json
from typing import Any

from scripts.samples.calls import METHODS
from scripts.samples.values import resolved

# What a caller acts on after a refusal. The generator's time grows with the square of the number of headers, and every
# refusal of every operation declares the same handful.
HEADERS_OF_REFUSALS = frozenset({"X-Request-ID", "Retry-After"})
# The media type of several parts of one file.
RANGES = "multipart/byteranges"


def for_the_generator(contract: dict[str, Any]) -> str:
    """Return the contract as JSON, its refusals without the headers that no caller acts on.

    Several ranges in one answer are nothing that the generator can write or read; who asks for them reads them himself.
    """
    lean = copy.deepcopy(contract)
    answers = [
        named
        for item in lean["paths"].values()
        for method in METHODS
        for named in item.get(method, {}).get("responses", {}).items()
    ]
    for _, answer in answers:
        answer.get("content", {}).pop(RANGES, None)
    refusals = [answer for status, answer in answers if not status.startswith(("2", "3"))]
    for answer in (resolved(lean, refusal) for refusal in refusals):
        declared = answer.get("headers", {}).items()
        answer["headers"] = {name: header for name, header in declared if name in HEADERS_OF_REFUSALS}
    return json.dumps(lean)
