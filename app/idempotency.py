"""Safe retries: the first answer to an Idempotency-Key is kept in the transaction of the write it answers.

So there is never an effect without its record or a record without its effect, and a crash in between leaves neither.
"""

import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from typing import TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import Column, ColumnClause, LargeBinary, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from app.current import current
from app.db import single, transaction
from app.problems import Problem
from app.runtime.written import last_written, written
from app.settings import settings
from app.sql import Connection, Statement, Table
from generated.models import ProblemCode
from generated.server import HTTPResult

LIFETIME = timedelta(hours=24)


class IdempotencyRecord(Table):
    """An answer that was given, by caller, operation and key."""

    __tablename__ = "idempotency_records"

    id: ColumnClause[bytes] = Column(LargeBinary, primary_key=True)
    fingerprint: ColumnClause[bytes] = Column(LargeBinary)
    status: ColumnClause[int]
    headers: ColumnClause[bytes] = Column(LargeBinary)
    body: ColumnClause[bytes] = Column(LargeBinary)
    created_at: ColumnClause[datetime] = Column(server_default=func.now(), index=True)


class IdempotencyInProgress(Problem):
    status, code, title = (
        409,
        ProblemCode.idempotency_in_progress,
        "The first request with this key is still running.",
    )


class IdempotencyKeyReused(Problem):
    status, code, title = 422, ProblemCode.idempotency_key_reused, "The key was used for another body."


_LOCK = Statement(select(func.pg_try_advisory_xact_lock(bindparam("lock"))))
_FIND = Statement(
    select(
        IdempotencyRecord.fingerprint,
        IdempotencyRecord.status,
        IdempotencyRecord.headers,
        IdempotencyRecord.body,
    ).where(IdempotencyRecord.id == bindparam("id"), IdempotencyRecord.created_at > func.now() - LIFETIME)
)
_insert = insert(IdempotencyRecord).values(
    {name: bindparam(name) for name in ("id", "fingerprint", "status", "headers", "body")}
)
_KEEP = Statement(
    _insert.on_conflict_do_update(
        index_elements=[IdempotencyRecord.id],
        set_={
            **{name: _insert.excluded[name] for name in ("fingerprint", "status", "headers", "body")},
            "created_at": func.now(),
        },
    )
)

Body = TypeVar("Body", bound=BaseModel)


def _record_id(key: str, caller: UUID | None) -> bytes:
    # The path is part of it, because the same words may be meant for another post as well.
    scope = f"{caller} {current().operation} {current().path} {key}"
    return blake2b(scope.encode(), digest_size=32).digest()


def _fingerprint(request: BaseModel | bytes) -> bytes:
    # Keyed, because a body may hold a password and a plain hash of one can be tried out.
    said = request if isinstance(request, bytes) else request.model_dump_json().encode()
    return hmac.digest(settings().secret_key.get_secret_value().encode(), said, sha256)


async def once(  # noqa: PLR0913 - Whose request, what it is, and how it is run.
    key: str | None,
    caller: UUID | None,
    request: BaseModel | bytes,
    answer: type[Body],
    act: Callable[[Connection], Awaitable[HTTPResult[Body]]],
    *,
    alone: bool = False,
) -> HTTPResult[Body]:
    """Run `act` in a transaction, or give the answer it gave before to the same caller, path, key and body.

    What writes with one statement `alone` takes no transaction where there is no key. Of a body that was not held
    whole, `request` is what tells it from all others: a digest.

    Raises IdempotencyKeyReused (422) for another body and IdempotencyInProgress (409) while the first is running.
    """
    async with single() if alone and key is None else transaction() as connection:
        if key is None:
            return await act(connection)
        record_id, fingerprint = _record_id(key, caller), _fingerprint(request)
        if not await _LOCK.value(connection, lock=int.from_bytes(record_id[:8], signed=True)):
            raise IdempotencyInProgress
        kept = await _FIND.first(connection, id=record_id)
        if kept is not None:
            if not hmac.compare_digest(kept["fingerprint"], fingerprint):
                raise IdempotencyKeyReused
            headers = {**orjson.loads(kept["headers"]), "Idempotent-Replayed": "true"}
            return HTTPResult(kept["status"], answer.model_validate_json(kept["body"]), headers)
        result = await act(connection)
        assert result.body is not None  # noqa: S101 - A creation answers what it created.
        await _KEEP.run(
            connection,
            id=record_id,
            fingerprint=fingerprint,
            status=result.status_code,
            headers=orjson.dumps(dict(result.headers or {})),
            body=last_written(result.body) or written(result.body),
        )
        return result
