"""Filling the embedded warehouse: set-up work of the company's engineer, never a question's path.

The file is built under another name and renamed when whole, so a crash leaves the old one or none, and a worker that
has the old one open goes on reading it until it notices.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.engines.duckdb import faults
from bailee.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

#: Called after each table with its name and its rows.
Progress = Callable[[str, int], object]

_UNSOUND = "what is there is not a sound DuckDB file; move it away"
_UNBUILT = {
    "locked": "another process is building it; wait for that, or end it",
    "missing": "its folder does not exist; make it first",
    "permission": "there is no permission to write in its folder",
    "newer": "it was written by a newer DuckDB than the one installed; upgrade the `duckdb` package",
}


class Loading:
    """A warehouse while it is built; `building` makes one."""

    def __init__(self, con: duckdb.DuckDBPyConnection, progress: Progress | None) -> None:
        self._con = con
        self._progress = progress

    def parquet(self, table: str, source: str | Path, select: str | None = None) -> int:
        """Load a Parquet file as `table`, replacing it; `select` may reshape it and reads it as `source`. The rows."""
        text = str(source)
        if not Path(text).is_file():
            raise EngineUnavailable(f"there is no Parquet file `{text}`")
        quoted = text.replace("'", "''")
        return self._create(table, f"FROM read_parquet('{quoted}')", select)

    def arrow(self, table: str, rows: pa.Table, select: str | None = None) -> int:
        """Load an Arrow table as `table`, replacing it; `select` may reshape it and reads it as `source`. The rows."""
        with interruptible():
            self._con.register("arrow_rows", rows)
        try:
            return self._create(table, "FROM arrow_rows", select)
        finally:
            self._con.unregister("arrow_rows")

    def query(self, table: str, select: str) -> int:
        """Make `table` from a SELECT over the tables already loaded, replacing it. The rows."""
        return self._create(table, None, select)

    def _create(self, table: str, source: str | None, select: str | None) -> int:
        import duckdb

        name = table.replace('"', '""')
        with_source = f"WITH source AS ({source}) " if source else ""
        try:
            with interruptible():
                made = self._con.execute(f'CREATE OR REPLACE TABLE "{name}" AS {with_source}{select or "FROM source"}')
                rows = int(made.fetchall()[0][0])
        except duckdb.Error as error:
            raise EngineError(f"table `{table}` cannot be loaded: {error}") from error
        if self._progress is not None:
            self._progress(table, rows)
        return rows


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a Ctrl-C through as itself: DuckDB tells of one that came while it worked as an error of its own."""
    import duckdb

    try:
        yield
    except (duckdb.Error, RuntimeError) as error:
        if "KeyboardInterrupt" in str(error) or "Query interrupted" in str(error):
            raise KeyboardInterrupt from None
        raise


@contextmanager
def building(path: str | Path, *, progress: Progress | None = None) -> Iterator[Loading]:
    """Build the warehouse at `path`, on top of what is there; it appears whole when the block ends without an error.

    Raises `EngineUnavailable` if the folder cannot be written or another process builds the same warehouse.
    """
    final = Path(path).absolute()
    draft = final.with_name(f".{final.name}.building")
    con = _draft(draft, final)
    try:
        yield Loading(con, progress)
    except BaseException:
        con.close()
        _remove(draft)
        raise
    con.close()  # writes its log into the file
    _keep(draft)
    draft.replace(final)
    _keep(final.parent)


def load_parquet(
    path: str | Path, table: str, source: str | Path, select: str | None = None, *, progress: Progress | None = None
) -> int:
    """Load one Parquet file into the warehouse at `path`; to load several, `building` writes the file once."""
    with building(path, progress=progress) as loading:
        return loading.parquet(table, source, select)


def load_arrow(path: str | Path, table: str, rows: pa.Table, *, progress: Progress | None = None) -> int:
    """Load one Arrow table into the warehouse at `path`; to load several, `building` writes the file once."""
    with building(path, progress=progress) as loading:
        return loading.arrow(table, rows)


def _draft(draft: Path, final: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    mine = False
    try:
        if draft.exists():
            _abandoned(draft)
        mine = True
        built = final.exists()
        if built:
            shutil.copy(final, draft)
        con = duckdb.connect(str(draft))
        if not built:
            draft.chmod(0o600)  # customers' data: for its owner's eyes, before the first row
        con.execute("SET TimeZone = 'UTC'")
    except (duckdb.Error, OSError) as error:
        if mine:
            _remove(draft)
        said = error.strerror if isinstance(error, OSError) else None
        why = said or _UNBUILT.get(faults.opening(str(error))["reason"], _UNSOUND)
        raise EngineUnavailable(f"the warehouse `{final}` cannot be written: {why}") from error
    return con


def _abandoned(draft: Path) -> None:
    """Remove a draft that a crash left; DuckDB's own lock on it tells whether a living process still builds it."""
    import duckdb

    try:
        duckdb.connect(str(draft)).close()
    except duckdb.Error as error:
        if faults.opening(str(error))["reason"] == "locked":
            raise
    _remove(draft)


def _remove(draft: Path) -> None:
    draft.unlink(missing_ok=True)
    draft.with_name(draft.name + ".wal").unlink(missing_ok=True)


def _keep(path: Path) -> None:
    """Make what is written there outlive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
