"""The answer that takes no work: an empty page of accounts, or of what was done to them.

It is read by environments that have no library of the service's.
"""

from typing import Any

# The first and the last read of the contract with parameters, a token and a scope: three kinds of parameter each.
FIRST, LAST = "listUsers", "listAuditEvents"
PATHS = {
    FIRST: "/api/v1/users?limit=20&sort=created_at&include_total=false",
    LAST: "/api/v1/admin/audit-events?limit=20&sort=created_at&include_total=false",
}
PAGE: dict[str, Any] = {
    "items": [],
    "page": {"size": 0, "has_next": False, "has_previous": False, "next_cursor": None, "previous_cursor": None},
}
