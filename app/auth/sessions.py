"""The living sessions of a member: listed and ended."""

from functools import cache
from uuid import UUID

from asyncpg import Record
from sqlalchemy import bindparam, func, select, update

from app import pages
from app.access import Principal
from app.audit.service import record
from app.auth.tables import Session as Row
from app.problems import NotFound
from app.sql import Connection, Statement
from generated.models import AuditAction, Session, SessionPage

_SHOWN = (Row.id, Row.user_agent, Row.address, Row.created_at, Row.last_used_at, Row.expires_at)
_living = (Row.user_id == bindparam("owner_id"), Row.revoked_at.is_(None), Row.expires_at > func.now())
_COUNT = pages.Counting(select(Row.id).where(*_living))
_END = Statement(update(Row).where(*_living, Row.id == bindparam("session_id")).values(revoked_at=func.now()))


@cache
def _page(shape: pages.Shape) -> Statement:
    return Statement(pages.ordered(select(*_SHOWN).where(*_living), Row.created_at, Row.id, shape, descending=True))


async def list_page(connection: Connection, principal: Principal, asked: pages.Asked) -> SessionPage:
    """Return a page of the member's sessions, the newest first."""
    page = pages.wanted(f"sessions {principal.user_id}", asked)
    rows = await _page(page.shape).all(connection, owner_id=principal.user_id, **page.binds())
    total = await _COUNT.total(connection, owner_id=principal.user_id) if page.total else None
    shown, described = pages.cut(rows, page, lambda row: row["created_at"], total)
    return SessionPage(items=[_view(row, principal) for row in shown], page=described)


def _view(row: Record, principal: Principal) -> Session:
    return Session(**dict(row), current=row["id"] == principal.session_id)


async def revoke(connection: Connection, principal: Principal, session_id: UUID) -> None:
    """End a session of the member. Raises NotFound."""
    if not await _END.run(connection, owner_id=principal.user_id, session_id=session_id):
        raise NotFound
    member, detail = principal.user_id, {"session_id": session_id}
    await record(connection, AuditAction.session_revoked, actor_id=member, subject_id=member, detail=detail)
