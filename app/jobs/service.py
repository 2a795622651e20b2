"""The rules of jobs, and the statements that keep them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    DateTime,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from app.current import NO_REQUEST, current
from app.ids import new_id
from app.jobs.messages import LOG, QUEUE, QUEUED, WAITING, ticket
from app.jobs.tables import Job
from app.sql import Connection, Statement

_start = func.coalesce(bindparam("not_before", type_=DateTime(timezone=True)), func.now())
_given: dict[str, Any] = {name: bindparam(name) for name in ("id", "kind", "owner_id", "key", "request_id", "payload")}
_new = upsert(Job).values(_given | {"run_after": _start})
# Writing the key that is there already makes PostgreSQL wait for, and answer with, a row that is being committed.
_added = (
    _new.on_conflict_do_update(index_elements=[Job.key], set_={"key": _new.excluded.key})
    .returning(Job.id, Job.kind, Job.run_after)
    .cte("added")
)
_message = (
    insert(QUEUE)
    .from_select(
        ["priority", "entrypoint", "payload", "dedupe_key", "execute_after", "status"],
        select(
            literal_column("0", Integer()),
            _added.c.kind,
            bindparam("message", type_=LargeBinary()),
            bindparam("ticket", type_=Text()),
            _added.c.run_after,
            QUEUED,
        ).where(_added.c.id == bindparam("id")),
    )
    .returning(QUEUE.c.id, QUEUE.c.entrypoint)
    .cte("message")
)
_logged = (
    insert(LOG)
    .from_select(
        ["job_id", "status", "priority", "entrypoint"],
        select(_message.c.id, QUEUED, literal_column("0", Integer()), _message.c.entrypoint),
    )
    .cte("logged")
)
_ended = (
    update(Job)
    .where(Job.id == func.any(bindparam("ids", type_=ARRAY(Uuid()))), Job.status == "queued")
    .values(
        status="cancelled",
        payload=literal_column("'{}'::jsonb"),
        finished_at=func.now(),
        updated_at=func.now(),
    )
    .returning(Job.id, Job.round)
    .cte("ended")
)
_UNQUEUE = Statement(
    delete(QUEUE).where(
        QUEUE.c.dedupe_key == _ended.c.id.cast(Text) + literal_column("'/'", Text()) + _ended.c.round.cast(Text),
        WAITING,
    )
)
_ENQUEUE = Statement(select(_added.c.id).add_cte(_message, _logged))


async def enqueue(  # noqa: PLR0913 - Each says another thing about the job.
    connection: Connection,
    kind: str,
    payload: Mapping[str, Any],
    *,
    owner_id: UUID | None = None,
    key: str | None = None,
    not_before: datetime | None = None,
) -> UUID:
    """Queue a job in the caller's transaction, by one statement; a worker is woken when it commits. Return its id.

    `owner_id` is who may see, cancel and retry it: nobody but administrators, where a notice must reach a member
    whatever is done with his session. There is one job of a `key`: the second time, whatever it asks for, nothing is
    queued and the id is that of the first, for as long as that is kept. `not_before` is when a worker takes it up,
    within a second. The payload, which is forgotten when the job is done, has to be JSON.
    """
    identifier = new_id()
    said = ticket(identifier, 1)
    request_id = current().request_id
    return await _ENQUEUE.value(
        connection,
        id=identifier,
        kind=kind,
        owner_id=owner_id,
        key=key,
        not_before=not_before,
        # Outside of a request there is none to be found in the logs.
        request_id=None if request_id == NO_REQUEST else request_id,
        payload=orjson.dumps(dict(payload)).decode(),
        message=said.encode(),
        ticket=said,
    )


async def call_off(connection: Connection, ids: Sequence[UUID]) -> None:
    """Cancel jobs that nobody has begun, for good; what has begun or ended stays as it is."""
    if ids:
        await _UNQUEUE.run(connection, ids=list(ids))
