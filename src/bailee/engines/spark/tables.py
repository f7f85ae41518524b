"""The company's tables: those of the catalogue that the session stands in, and folders of Parquet by a name."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from bailee.engines import Column, Table
from bailee.engines.spark import names
from bailee.engines.spark.session import Session
from bailee.engines.spark.types import shared
from bailee.errors import EngineUnavailable

#: Where a folder's table stands, and a table that is named without a schema.
DEFAULT = "default"

#: Files that came into a folder are seen after this long at the latest.
FRESH_SECONDS = 30.0


class Folders:
    """Folders of Parquet as temporary views under names that nobody can guess."""

    def __init__(self, session: Session, paths: Mapping[str, str]) -> None:
        self._session, self._paths, self._read = session, dict(paths), 0.0
        self._views = {name: names.fresh("folder") for name in paths}
        self.refresh()

    @property
    def meanings(self) -> dict[names.Parts, str]:
        """Which view a table's name stands for."""
        return {(DEFAULT, name.lower()): view for name, view in self._views.items()}

    def refresh(self) -> None:
        """List the files anew, if the last time is too long ago."""
        if self._paths and time.monotonic() - self._read > FRESH_SECONDS:
            self.reread()

    def reread(self) -> None:
        """List the files anew."""
        for name, path in self._paths.items():
            try:
                frame = self._session.spark.read.parquet(path)
                none = not frame.schema.fields  # what Sail makes of a folder that is not there
                frame.createOrReplaceTempView(self._views[name])
            except Exception:  # the driver's message has more in it than its class
                none = True
            if none:
                raise EngineUnavailable(
                    f"table `{name}`: there is no Parquet to read in `{path}`; expected a folder or file that the "
                    "Spark server can read"
                )
        self._read = time.monotonic()

    def tables(self) -> list[Table]:
        """The folders as tables."""
        found = []
        for name, view in self._views.items():
            found.append(Table(DEFAULT, name, _columns(self._session.spark.table(view).schema)))
        return found


def catalog(session: Session, folders: Folders) -> tuple[Table, ...]:
    """Every base table of the current catalogue, and the folders, which hide a table of their name; never a view."""
    found = folders.tables()
    hidden = {(table.schema, table.name.lower()) for table in found}
    for database in session.spark.catalog.listDatabases():
        for table in session.spark.catalog.listTables(database.name):
            if table.isTemporary or table.tableType == "VIEW" or (database.name, table.name.lower()) in hidden:
                continue
            schema = session.spark.table(f"{names.quote(database.name)}.{names.quote(table.name)}").schema
            found.append(Table(database.name, table.name, _columns(schema)))
    return tuple(sorted(found, key=lambda table: (table.schema, table.name)))


def _columns(schema: Any) -> tuple[Column, ...]:
    return tuple(Column(field.name, shared(field)) for field in schema.fields)
