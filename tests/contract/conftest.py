"""What the tests that hold for every operation start from; each is parametrized with its `operation`."""

import pytest

from tests.committed import committed, committed_database
from tests.contract.document import Operation
from tests.contract.requests import Call, valid_call
from tests.factories import Factory, Member

__all__ = ["author", "call", "committed", "committed_database"]


@pytest.fixture
async def author(make: Factory) -> Member:
    """A member who holds every scope, and is not the only one: the last of them may not leave."""
    await make.member(role="admin")
    return await make.member(role="admin")


@pytest.fixture
async def call(operation: Operation, make: Factory, author: Member) -> Call:
    """A request without fault."""
    return await valid_call(operation, make, author)
