"""The tests of accounts borrow the committed database of the tests of sessions."""

from tests.auth.conftest import committed, committed_database, crowd

__all__ = ["committed", "committed_database", "crowd"]
