"""The service as it is, but for two operations that answer an empty page at once: what is left is all around a handler.

Everything else is `python -m app`: the contract's checks, tokens, scopes, limits, headers and the access log.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from types import ModuleType

from app.__main__ import main
from app.audit import handlers as audit
from app.users import handlers as users
from generated.models import AuditEventPage, UserPage
from generated.server import HTTPResult
from scripts.bench.empty import PAGE

HANDLERS: dict[str, tuple[ModuleType, UserPage | AuditEventPage]] = {
    "list_users": (users, UserPage.model_validate(PAGE)),
    "list_audit_events": (audit, AuditEventPage.model_validate(PAGE)),
}


def answering(handler: Callable[..., object], page: object) -> Callable[..., Awaitable[HTTPResult[object]]]:
    """Return a handler that has the signature of this one, and answers this page."""

    @wraps(handler)
    async def answer(**_: object) -> HTTPResult[object]:
        return HTTPResult(200, page, {})

    return answer


def replace() -> None:
    """Put the handlers in the place of those of the service, before it is made."""
    for name, (module, page) in HANDLERS.items():
        setattr(module, name, answering(getattr(module, name), page))


if __name__ == "__main__":
    replace()
    main()
