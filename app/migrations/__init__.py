"""Schema migrations by Alembic; the tables' modules say what the schema is, `versions/` how a database gets there."""

from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config

from app import idempotency

# Importing them registers their tables in the metadata that Alembic compares with; a slice's need not be listed.
_SLICES = sorted(path.parent.name for path in Path(__file__).parents[1].glob("*/tables.py"))
TABLES = (idempotency, *(import_module(f"app.{name}.tables") for name in _SLICES))


def configuration(dsn: str) -> Config:
    """Return Alembic's configuration for a database; there is no alembic.ini to keep in step."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["dsn"] = dsn
    return config


def upgrade(dsn: str) -> None:
    """Bring a database to the newest schema; two at once take turns."""
    command.upgrade(configuration(dsn), "head")
