"""Where the company's data is, as `bailee.toml` says it, and the engine that asks there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from bailee.engines import Limits
from bailee.errors import EngineUnavailable

if TYPE_CHECKING:
    from bailee.engines import Engine

DUCKDB, POSTGRES, SPARK = "duckdb", "postgres", "spark"
#: The kinds of engine, with the keys of `bailee.toml` that each reads.
KINDS = {DUCKDB: ("database",), POSTGRES: ("url",), SPARK: ("url", "tables")}

_MISSING = "{} needs libraries that are not installed; install them with: pip install 'bailee[{}]'"
_SECRET = re.compile("password|passwd|secret|token|sslpassword|passfile", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Connection:
    """One place of data: a DuckDB file, or the URL of a PostgreSQL database or a Spark, or `env:` or `command:` for it.

    `tables` are Parquet folders by the names that the data map has for them.
    """

    kind: str = DUCKDB
    database: Path | None = None
    url: str | None = field(default=None, repr=False)
    tables: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How messages call it; never a secret, and of a command only its program."""
        if self.database is not None:
            return str(self.database.absolute())
        url = self.url or ""
        return f"command: {shlex.split(url)[1]} ..." if url.startswith("command:") else url


def has_password(url: str) -> bool:
    """Whether a URL holds what nobody else may read."""
    try:
        parts = urlsplit(url)
        if parts.password:
            return True
    except ValueError:
        return True
    # Spark Connect has its parameters behind `;`.
    parameters = [each.partition("=")[0] for each in parts.path.split(";")[1:]]
    said = [*parameters, *(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))]
    return any(map(_SECRET.search, said))


def opened(connection: Connection, limits: Limits) -> Engine:
    """The engine of a connection, not started yet.

    Raises EngineUnavailable where what it needs is not installed, and WorkspaceError where its URL cannot be had.
    """
    if connection.kind == POSTGRES:
        return _postgres(address(connection), limits)
    if connection.kind == SPARK:
        return _spark(address(connection), connection.tables, limits)
    if connection.database is None:
        raise ValueError("a connection to DuckDB names a file")
    from bailee.engines.duckdb.engine import DuckDB

    return DuckDB(connection.database, limits=limits)


def _postgres(url: str, limits: Limits) -> Engine:
    try:
        from bailee.engines.postgres.engine import Postgres
    except ImportError:
        raise EngineUnavailable(_MISSING.format("PostgreSQL", "postgres")) from None
    return Postgres(url, limits=limits, masked=True)


def _spark(url: str, tables: Mapping[str, str], limits: Limits) -> Engine:
    try:
        from bailee.engines.spark.engine import Spark
    except ImportError:
        raise EngineUnavailable(_MISSING.format("Spark", "spark")) from None
    return Spark(url, folders=tables, limits=limits)


def address(connection: Connection) -> str:
    """The URL of a connection, from the environment or a command where it says so; WorkspaceError where it is not."""
    from bailee.people.key_sources import secret

    url = connection.url or ""
    if not url.startswith(("env:", "command:")):
        return url
    return secret(url, Path(), "URL").decode(errors="replace").strip()
