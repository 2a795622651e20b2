"""What a client knows of jobs: which have failed, and can be retried."""

from typing import Any

from scripts.contract.case import Case, operation_of

_failed: dict[str, None] = {}


def failed(case: Case) -> None:
    """What is retried has failed."""
    if operation_of(case) == "retryJob" and _failed:
        case.path_parameters["job_id"] = list(_failed)[-1]


LESSONS = (failed,)


def note(case: Case, document: dict[str, Any]) -> None:
    """Remember jobs that have failed; retried, they may be retried once more."""
    if operation_of(case) == "listJobs":
        _failed.update((job["id"], None) for job in document["items"] if job["status"] == "failed")


def forget(case: Case) -> None:
    """Forget what was cancelled."""
    if operation_of(case) == "cancelJob":
        _failed.pop(str(case.path_parameters["job_id"]), None)
