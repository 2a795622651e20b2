"""What is done with media in the background."""

import asyncio
from typing import Any
from uuid import UUID

from app.jobs.registry import Running, task
from app.media import files, service, spool, uploads, variants


@task(uploads.THUMBNAILS, deadline=300)
async def make_thumbnails(payload: dict[str, Any], job: Running) -> dict[str, Any]:
    """Make the thumbnails of an image that was uploaded."""
    del job
    return await variants.make_thumbnails(UUID(payload["media_id"]))


@task(variants.MAKE, deadline=300)
async def make_variant(payload: dict[str, Any], job: Running) -> dict[str, Any]:
    """Make a variant that somebody asked for."""
    del job
    return await variants.make_variant(payload)


@task(service.SWEEP, every="*/10 * * * *", deadline=600)
async def sweep(payload: dict[str, Any], job: Running) -> dict[str, int]:
    """Remove the files that are nobody's, wherever they are."""
    del payload, job
    return {"files": await files.sweep(), "folders": await asyncio.to_thread(spool.clear)}
