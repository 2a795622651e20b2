"""A request that schemathesis is about to make, or has made."""

from typing import Any, TypeAlias

import schemathesis

Case: TypeAlias = schemathesis.Case[Any]


def operation_of(case: Case) -> str:
    """Return the operationId."""
    return case.operation.definition.raw.get("operationId", "")
