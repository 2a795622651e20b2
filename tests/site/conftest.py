import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

Contract = dict[str, Any]
BUNDLE = Path(__file__).parents[2] / "generated/openapi.json"


@cache
def bundle() -> Contract:
    """Return the contract as it is."""
    return json.loads(BUNDLE.read_text())


@pytest.fixture
def contract() -> Contract:
    """The contract, to be spoilt."""
    return deepcopy(bundle())
