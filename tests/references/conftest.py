"""The database in which the mix is really committed."""

from tests.committed import committed, committed_database

__all__ = ["committed", "committed_database"]
