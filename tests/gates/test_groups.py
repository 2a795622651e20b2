"""Tests that share something dear, such as a lint of a hundred contracts, are run by one worker."""

import os
from typing import cast

import pytest


@pytest.mark.xdist_group("together")
def test_what_belongs_together_is_told_by_its_name(request: pytest.FixtureRequest) -> None:
    # pytest-xdist says so in the ids of tests; with a pytest that does not let it, everybody prepares everything.
    is_shared = "PYTEST_XDIST_WORKER" in os.environ
    assert cast("pytest.Item", request.node).nodeid.endswith("@together") == is_shared
