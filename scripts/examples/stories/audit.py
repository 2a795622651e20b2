"""Who did what to which account."""

from scripts.demo_data import PASSWORD
from scripts.examples.teller import Teller


def audit(teller: Teller) -> None:
    """Ottilie looks at who has come and gone."""
    anybody = teller.anybody()
    wrong = {"username": "bram", "password": "Tr0mbone!"}
    anybody.tells("logIn", "invalid_credentials_of_a_member", "A wrong password.", body=wrong)
    anybody.does("logIn", body={"username": "bram", "password": PASSWORD})
    ottilie = teller.member("ottilie")
    ottilie.tells("listAuditEvents", "newest", "What was done last.", query={"limit": 3})
    failed = {"action": "login_failed", "include_total": "true"}
    ottilie.tells("listAuditEvents", "failed_logins", "Logins that failed.", query=failed)
