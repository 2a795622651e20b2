"""The rules of jobs, and the statements that keep them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Integer, LargeBinary, Text, bindparam, insert, literal_column, select
from sqlalchemy.dialects.postgresql import insert as upsert

from app.current import NO_REQUEST, current
from app.ids import new_id
from app.jobs.messages import LOG, QUEUE, QUEUED, ticket
from app.jobs.tables import Job
from app.sql import Connection, Statement

_new = upsert(Job).values(
    {name: bindparam(name) for name in ("id", "kind", "owner_id", "key", "request_id", "payload")}
)
# Writing the key that is there already makes PostgreSQL wait for, and answer with, a row that is being committed.
_added = (
    _new.on_conflict_do_update(index_elements=[Job.key], set_={"key": _new.excluded.key})
    .returning(Job.id, Job.kind)
    .cte("added")
)
_message = (
    insert(QUEUE)
    .from_select(
        ["priority", "entrypoint", "payload", "dedupe_key", "status"],
        select(
            literal_column("0", Integer()),
            _added.c.kind,
            bindparam("message", type_=LargeBinary()),
            bindparam("ticket", type_=Text()),
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
_ENQUEUE = Statement(select(_added.c.id).add_cte(_message, _logged))


async def enqueue(
    connection: Connection,
    kind: str,
    payload: Mapping[str, Any],
    *,
    owner_id: UUID | None = None,
    key: str | None = None,
) -> UUID:
    """Queue a job in the caller's transaction, by one statement; a worker is woken when it commits. Return its id.

    `owner_id` is who may see, cancel and retry it: nobody but administrators, where a notice must reach a member
    whatever is done with his session. There is one job of a `key`: the second time, whatever it asks for, nothing is
    queued and the id is that of the first, for as long as that is kept. The payload, which is forgotten when the job
    is done, has to be JSON.
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
        # Outside of a request there is none to be found in the logs.
        request_id=None if request_id == NO_REQUEST else request_id,
        payload=orjson.dumps(dict(payload)).decode(),
        message=said.encode(),
        ticket=said,
    )
