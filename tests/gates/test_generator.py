"""What the generator of code is given, and what it leaves."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.generate import operations
from scripts.lean_contract import HEADERS_OF_REFUSALS, for_the_generator
from scripts.samples.values import resolved

GENERATED = Path(__file__).parents[2] / "generated"


@pytest.fixture
def contract() -> dict[str, Any]:
    return json.loads((GENERATED / "openapi.json").read_bytes())


def headers(contract: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """Return the headers of every answer, by operation and status."""
    return {
        (operation["operationId"], status): set(resolved(contract, answer).get("headers", ()))
        for _, _, operation, _ in operations(contract)
        for status, answer in operation["responses"].items()
    }


def test_refusals_alone_lose_headers_and_keep_those_that_a_caller_acts_on(contract: dict[str, Any]) -> None:
    whole, lean = headers(contract), headers(json.loads(for_the_generator(contract)))
    assert len(whole) == len(lean) > 100
    for place, names in whole.items():
        assert lean[place] == (names if place[1] < "4" else names & HEADERS_OF_REFUSALS), place
    assert "X-Request-ID" in lean["getPost", "404"]
    assert lean["logIn", "429"] == HEADERS_OF_REFUSALS


def test_the_contract_itself_is_left_whole(contract: dict[str, Any]) -> None:
    before = json.dumps(contract)
    for_the_generator(contract)
    assert json.dumps(contract) == before
    assert json.loads((GENERATED / "server/_generated/openapi.json").read_bytes()) == contract
