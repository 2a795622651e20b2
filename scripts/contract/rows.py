"""What no request can leave: rows of the service itself, such as jobs that nobody does."""

import asyncpg

from app.ids import new_id


async def leave_jobs(dsn: str, name: str) -> list[str]:
    """Leave jobs that nobody does, in every state, and return their ids."""
    rows = [
        (new_id(), name, status, '{"mails": 1}' if status == "succeeded" else None)
        for status in ("queued", "running", "failed", "failed", "failed", "failed", "succeeded", "cancelled")
        for _ in range(5)
    ]
    connection = await asyncpg.connect(dsn)
    try:
        await connection.executemany(
            "INSERT INTO jobs (id, kind, owner_id, status, payload, result)"
            " SELECT $1, 'nobody.does', users.id, $3, '{}', $4 FROM users WHERE username = $2",
            rows,
        )
    finally:
        await connection.close()
    return [str(row[0]) for row in rows]


async def leave_notifications(dsn: str, name: str) -> list[str]:
    """Leave notifications of every kind that has no table of its own yet, and return the ids of all."""
    connection = await asyncpg.connect(dsn)
    kinds = ("item_sold_out", "event_changed", "event_cancelled")
    try:
        await connection.executemany(
            "INSERT INTO notifications (id, member_id, kind, subject_id, text)"
            " SELECT $1, users.id, $3, $2, 'A loom' FROM users WHERE username = $4",
            [(new_id(), new_id(), kind, name) for kind in kinds for _ in range(5)],
        )
        rows = await connection.fetch(
            "SELECT n.id FROM notifications n JOIN users ON users.id = member_id WHERE username = $1", name
        )
    finally:
        await connection.close()
    return [str(row["id"]) for row in rows]
