"""The committed database."""

from tests.committed import committed, committed_database

__all__ = ["committed", "committed_database"]
