"""Messages as they arrive."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP


def parsed(raw: bytes) -> EmailMessage:
    """Read a message."""
    return message_from_bytes(raw, policy=SMTP)  # pyright: ignore[reportReturnType] - This policy makes these.


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    """Return the text of a message, or its HTML."""
    found = message.get_body((kind,))
    assert found is not None
    return found.get_content()
