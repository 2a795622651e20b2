"""What is done in the background."""

from scripts.examples.teller import Teller


def jobs(teller: Teller) -> None:
    """Ottilie looks after her mails, and after what the service does by itself."""
    ottilie, ada = teller.member("ottilie"), teller.member("ada_l")
    ada.tells("listJobs", "mine", "Somebody who has caused none sees none.")
    failed = ottilie.tells("listJobs", "failed", "What was given up.", query={"status": "failed"}).json()["items"][0]
    done = ottilie.does("listJobs", query={"status": "succeeded", "sort": "created_at"}).json()["items"][0]
    waiting = ottilie.does("listJobs", query={"status": "queued", "kind": "mail.send"}).json()["items"][0]
    ottilie.tells("getJob", "succeeded", "A job that is done.", path={"job_id": done["id"]})
    ada.tells("getJob", "not_found_elsewhere", "Somebody else's job.", path={"job_id": done["id"]})
    ottilie.tells("retryJob", "queued", "A failed job gets another chance.", path={"job_id": failed["id"]})
    ottilie.tells("cancelJob", "cancelled", "A mail that is not to be sent after all.", path={"job_id": waiting["id"]})
    ottilie.tells("cancelJob", "invalid_job_step", "It is too late.", path={"job_id": done["id"]})
