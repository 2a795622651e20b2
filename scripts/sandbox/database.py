"""The database of the sandbox: migrated like any other, filled with the seed, and brought back to it in one go."""

import asyncio

import asyncpg

from app.migrations import upgrade
from app.sql import Connection
from scripts.demo_data import write_demo_data
from scripts.sandbox.world import BEGINNING

# PostgreSQL looks for `now()` along the search path and in its own catalogue first, unless the path says otherwise.
# Said before the migrations run, this holds for the defaults of columns too.
_CLOCK = """
    CREATE SCHEMA sandbox;
    CREATE TABLE sandbox.clock AS SELECT now() AS moment;
    CREATE FUNCTION sandbox.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT moment FROM sandbox.clock';
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = public, sandbox, pg_catalog', current_database());
    END $$;
"""
# Whose account has been closed: the right password is refused, which a client should know how to say.
CLOSED = "nuno_s"
# No worker runs here, so that what becomes of jobs is part of the seed: one per row, with owner, kind and end.
_JOBS = """
    INSERT INTO jobs (id, kind, owner_id, status, progress, attempts, payload, result, problem, created_at, updated_at,
                      started_at, finished_at, run_after)
    SELECT job.id::uuid, job.kind, users.id, job.status, job.progress, job.attempts, '{}', job.result::jsonb,
           job.problem::jsonb, moment, moment, CASE WHEN job.attempts > 0 THEN moment END,
           CASE WHEN job.status IN ('succeeded', 'failed') THEN moment END, moment
    FROM (VALUES
        ('019a9fbc-5c00-7000-8000-000000000001', 'jobs.remove_finished', NULL, 'succeeded', 100, 1,
         '{"jobs": 12, "log": 40, "statistics": 0}', NULL, interval '33 minutes'),
        ('019a9fbc-5c00-7000-8000-000000000002', 'mail.send', 'ottilie', 'succeeded', 100, 1, NULL, NULL,
         interval '20 minutes'),
        ('019a9fbc-5c00-7000-8000-000000000003', 'mail.send', 'ottilie', 'failed', 0, 8, NULL,
         '{"code": "job_failed", "detail": "The mail server is busy.", "attempt": 8,
           "timestamp": "2026-11-20T09:15:00Z"}', interval '15 minutes'),
        ('019a9fbc-5c00-7000-8000-000000000004', 'mail.send', 'ottilie', 'queued', 0, 0, NULL, NULL,
         interval '1 minute')
    ) AS job (id, kind, owner, status, progress, attempts, result, problem, ago)
    LEFT JOIN users ON users.username = job.owner
    CROSS JOIN LATERAL (SELECT $1::timestamptz - job.ago AS moment) AS at
"""
_SET_CLOCK = "UPDATE sandbox.clock SET moment = $1"
_TABLES = """
    SELECT c.relname AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY c.relname ORDER BY c.relname
"""
_MESSAGES = """
    SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables WHERE schemaname = 'queue'
"""
_SEQUENCES = "SELECT sequencename AS name, last_value FROM pg_sequences WHERE schemaname = 'public'"


async def prepare(dsn: str) -> None:
    """Turn an empty database into the sandbox's: its clock, the schema, the seed, and a copy of the seed."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_CLOCK)
        await connection.execute(_SET_CLOCK, BEGINNING)
        await asyncio.to_thread(upgrade, dsn)
        await write_demo_data(dsn, BEGINNING)
        await connection.execute("UPDATE users SET is_active = false WHERE username = $1", CLOSED)
        await connection.execute(_JOBS, BEGINNING)
        await keep(connection)
    finally:
        await connection.close()


async def keep(connection: Connection) -> None:
    """Copy what is there now to where `restore` finds it."""
    await connection.execute("CREATE SCHEMA seed")
    await connection.execute(f"CREATE TABLE seed.sequences AS {_SEQUENCES}")
    for table in await connection.fetch(_TABLES):
        await connection.execute(f'CREATE TABLE seed."t_{table["name"]}" AS TABLE public."{table["name"]}"')


async def set_clock(connection: Connection, moment: object) -> None:
    """Let `now()` return this moment in all transactions that begin from here on."""
    await connection.execute(_SET_CLOCK, moment)


async def restore(connection: Connection) -> None:
    """Bring every table and every sequence back to the seed; call it in a transaction."""
    tables = await connection.fetch(_TABLES)
    names = ", ".join(f'public."{table["name"]}"' for table in tables)
    # The seed is whole as it is: no foreign key needs checking, no trigger may count it again.
    await connection.execute("SET LOCAL session_replication_role = replica")
    # PostgreSQL's own vacuum of a table makes way for whoever has waited so long, which is a second unless told
    # otherwise, and with two tables more than a statement may take.
    await connection.execute("SET LOCAL deadlock_timeout = '10ms'")
    await connection.execute(f"TRUNCATE {names} RESTART IDENTITY")
    # Ids come again after a reset; messages of jobs that were retried before must not be in their way.
    if messages := await connection.fetchval(_MESSAGES):
        await connection.execute(f"TRUNCATE {messages} RESTART IDENTITY")
    for table in tables:
        name, columns = table["name"], table["columns"]
        target = f'public."{name}" ({columns}) OVERRIDING SYSTEM VALUE'
        # Only names that the database itself has given go in.
        await connection.execute(f'INSERT INTO {target} SELECT {columns} FROM seed."t_{name}"')  # noqa: S608
    await connection.fetch(
        "SELECT setval(format('public.%I', name)::regclass, last_value) FROM seed.sequences WHERE last_value > 0"
    )
    await set_clock(connection, BEGINNING)
