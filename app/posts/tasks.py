"""What is done with posts in the background."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.db import reading, transaction
from app.jobs.cleaning import remove
from app.jobs.registry import Running, task
from app.notifications import service as notifications
from app.posts import imports, steps, uploads


async def _publish(post_id: UUID, publish_at: datetime) -> bool:
    async with transaction() as connection:
        return await steps.publish_scheduled(connection, post_id, publish_at)


@task(steps.PUBLISH)
async def publish(payload: dict[str, Any], job: Running) -> dict[str, Any]:
    """Publish a post at the time it was scheduled for, unless it is scheduled for another by now, or for none."""
    del job
    return {"published": await _publish(UUID(payload["post_id"]), datetime.fromisoformat(payload["publish_at"]))}


@task("posts.publish_overdue", every="* * * * *", deadline=600)
async def publish_overdue(payload: dict[str, Any], job: Running) -> dict[str, Any]:
    """Publish what should have been published, and was not because its job has failed or gone."""
    del payload, job
    published = 0
    while True:
        async with reading() as connection:
            waiting = await steps.due(connection)
        done = [await _publish(*post) for post in waiting]
        published += sum(done)
        if not any(done):
            return {"published": published}


@task(uploads.IMPORT, deadline=imports.DEADLINE, tells=notifications.job_finished)
async def import_posts(payload: dict[str, Any], job: Running) -> dict[str, Any]:
    """Import a file of posts."""
    return await imports.run(UUID(payload["import_id"]), job)


@task("posts.remove_imports", every="*/10 * * * *", deadline=600)
async def remove_imports(payload: dict[str, Any], job: Running) -> dict[str, Any]:
    """Delete what was received for imports that are over, and what has never come whole."""
    del payload, job
    return {"imports": await remove(uploads.REMOVE)}
