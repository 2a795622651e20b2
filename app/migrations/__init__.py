"""Schema migrations by Alembic; the tables' modules say what the schema is, `versions/` how a database gets there."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from app import idempotency
from app.auth import tables as auth
from app.comments import tables as comments
from app.posts import tables as posts
from app.tags import tables as tags
from app.users import tables as users

# Importing them registers their tables in the metadata that Alembic compares with.
TABLES = (auth, comments, idempotency, posts, tags, users)


def configuration(dsn: str) -> Config:
    """Return Alembic's configuration for a database; there is no alembic.ini to keep in step."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["dsn"] = dsn
    return config


def upgrade(dsn: str) -> None:
    """Bring a database to the newest schema; two at once take turns."""
    command.upgrade(configuration(dsn), "head")
