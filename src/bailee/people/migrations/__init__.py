"""Bring a database made by an older Bailee to this version's shape, in the caller's transaction.

Only a database whose stored revision differs comes here, so nothing else pays for importing alembic.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


@cache
def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def known() -> frozenset[str]:
    """Return the revisions that this Bailee can bring up to date."""
    return frozenset(found.revision for found in ScriptDirectory.from_config(_config()).walk_revisions())


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run every migration that the database has not seen."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)
