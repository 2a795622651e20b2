"""The operations of the tag Jobs; together these functions are the generated `JobsService`."""

from uuid import UUID

from app import pages
from app.access import Principal
from app.db import reading, transaction
from app.jobs import requests
from app.jobs.requests import Filters
from generated.models import Job, JobPage, JobSort, JobStatus
from generated.server import HTTPResult


async def list_jobs(
    *,
    principal: Principal,
    limit: int,
    cursor: str | None,
    page: int | None,
    include_total: bool | None,
    sort: JobSort,
    status: JobStatus | None,
    kind: str | None,
) -> HTTPResult[JobPage]:
    filters = Filters(status, kind, requests.whose(principal))
    async with reading() as connection:
        jobs = await requests.list_page(connection, sort, filters, pages.Asked(limit, cursor, page, include_total))
    return HTTPResult(200, jobs, pages.links(jobs.page))


async def get_job(*, principal: Principal, job_id: UUID) -> HTTPResult[Job]:
    async with reading() as connection:
        job = await requests.get(connection, principal, job_id)
    return HTTPResult(200, job)


async def cancel_job(*, principal: Principal, job_id: UUID) -> HTTPResult[Job]:
    async with transaction() as connection:
        job = await requests.cancel(connection, principal, job_id)
    return HTTPResult(200, job)


async def retry_job(*, principal: Principal, job_id: UUID) -> HTTPResult[Job]:
    async with transaction() as connection:
        job = await requests.retry(connection, principal, job_id)
    return HTTPResult(200, job)
