"""The operations of the tag Mail; together these functions are the generated `MailService`."""

from app.access import Principal
from app.contract import BASE_PATH
from app.idempotency import once
from app.jobs import requests as jobs
from app.mail import service
from app.sql import Connection
from generated.models import Job, MailDraft
from generated.server import HTTPResult


async def send_mail(*, principal: Principal, idempotency_key: str | None, body: MailDraft) -> HTTPResult[Job]:
    async def send(connection: Connection) -> HTTPResult[Job]:
        job_id = await service.send(connection, principal, body)
        job = await jobs.get(connection, principal, job_id)
        return HTTPResult(202, job, {"Location": f"{BASE_PATH}/jobs/{job_id}"})

    return await once(idempotency_key, principal.user_id, body, Job, send)
