"""Mails in the name of the service."""

from scripts.examples.teller import Teller


def mail(teller: Teller) -> None:
    """Ottilie tells a reader of a move."""
    draft = {
        "to": "reader@example.org",
        "subject": "We are moving house",
        "text": "From Monday on we are at another address.\n\nYours, Ottilie",
    }
    key = {"Idempotency-Key": "ottilie-tells-of-the-move"}
    teller.member("ottilie").tells("sendMail", "mail", "A mail to one reader.", body=draft, headers=key)
