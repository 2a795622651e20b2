"""PgQueuer's tables as our statements use them, for those who queue jobs and need nothing else of it.

PgQueuer itself takes 5 MB of a process; app/jobs/queue.py is for those who deliver. A test compares the two.
"""

from uuid import UUID

from sqlalchemy import BigInteger, Boolean, DateTime, Integer, LargeBinary, Text, column, literal_column, table

SCHEMA = "queue"

# What our statements use of PgQueuer's tables.
QUEUE = table(
    "pgqueuer",
    column("id", BigInteger()),
    column("priority", Integer()),
    column("entrypoint", Text()),
    column("payload", LargeBinary()),
    column("dedupe_key", Text()),
    column("execute_after", DateTime(timezone=True)),
    column("status", Text()),
    schema=SCHEMA,
)
LOG = table(
    "pgqueuer_log",
    column("created", DateTime(timezone=True)),
    column("job_id", BigInteger()),
    column("status", Text()),
    column("priority", Integer()),
    column("entrypoint", Text()),
    schema=SCHEMA,
)
STATISTICS = table("pgqueuer_statistics", column("created", DateTime(timezone=True)), schema=SCHEMA)
QUEUED = literal_column("'queued'::queue.pgqueuer_status", Text())
# What stands in a message's partial index: only with this condition is it found there by its ticket.
WAITING = literal_column(
    "((status = ANY (ARRAY['queued'::queue.pgqueuer_status, 'picked'::queue.pgqueuer_status]))"
    " AND (dedupe_key IS NOT NULL))",
    Boolean(),
)


def ticket(job_id: UUID, turn: int) -> str:
    """Return what the message of a job says: which job, and in which round."""
    return f"{job_id}/{turn}"
