"""The database in which work is really committed."""

from tests.committed import committed, committed_database

__all__ = ["committed", "committed_database"]
