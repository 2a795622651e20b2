from tests.committed import committed, committed_database
from tests.mail.inbox import inbox

__all__ = ["committed", "committed_database", "inbox"]
