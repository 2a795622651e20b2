"""The tests of accounts borrow the committed database of the tests of sessions."""

from tests.auth.conftest import committed_database, crowd

__all__ = ["committed_database", "crowd"]
