"""Schema migrations by Alembic; the tables' modules say what the schema is, `versions/` how a database gets there."""

from pathlib import Path

from alembic import command
from alembic.config import Config

# Importing the tables registers them in the metadata that Alembic compares with.
import app.auth.tables
import app.comments.tables
import app.idempotency
import app.posts.tables
import app.tags.tables
import app.users.tables


def configuration(dsn: str) -> Config:
    """Return Alembic's configuration for a database; there is no alembic.ini to keep in step."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["dsn"] = dsn
    return config


def upgrade(dsn: str) -> None:
    """Bring a database to the newest schema; two at once take turns."""
    command.upgrade(configuration(dsn), "head")
