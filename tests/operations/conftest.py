"""The database that is shared by services of a test."""

from tests.committed import committed_database

__all__ = ["committed_database"]
