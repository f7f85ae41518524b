"""A DuckDB in memory over tables that are at hand, for what a screen works out of them; it reaches nothing else.

Locked like the worker: no files, no network, no extensions, no variables of Python, limits on memory and time. It runs
inside this process, so whoever brings a question holds it against the closed world of the rewriter first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bailee.engines import Limits
from bailee.engines.duckdb import faults, lockdown
from bailee.engines.duckdb.warehouse import interruptible
from bailee.errors import EngineError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

#: What working something out may take; nothing spills, because that would write customers' data to a file.
LIMITS = Limits(seconds=60.0, memory_bytes=2 << 30)


class Scratch:
    """Some tables and what is asked of them; one thread at a time. Errors name their class and never a value."""

    def __init__(self, con: duckdb.DuckDBPyConnection, limits: Limits) -> None:
        self._con, self._limits = con, limits

    def ask(self, sql: str) -> pa.Table:
        """The rows of one SELECT; `EngineError` for anything else, for what fails, and past a limit."""
        import duckdb

        try:
            with interruptible():
                statements = self._con.extract_statements(sql)
                if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                    raise faults.rebuild({"error": "statement"}, "")
                return self._con.sql(statements[0]).to_arrow_table()
        except (duckdb.Error, MemoryError) as error:
            raise self._fenced(error, sql) from None

    def binds(self, sql: str) -> bool:
        """Whether every name, operator and type of a SELECT is known here; no row is read."""
        try:
            self.ask(f"SELECT * FROM ({sql.strip().rstrip(';')}) LIMIT 0")
        except EngineError:
            return False
        return True

    def hold(self, name: str, table: pa.Table) -> None:
        """Take a table under a name, in the place of one that had it."""
        import duckdb

        try:
            self._con.register("arriving", table)
            self._con.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT * FROM arriving")
        except (duckdb.Error, MemoryError) as error:
            raise self._fenced(error, "") from None
        finally:
            self._con.unregister("arriving")

    def see(self, name: str, select: str) -> None:
        """Show one SELECT under a name, in the place of one that was seen so; nothing is copied."""
        import duckdb

        sql = f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {select}"
        try:
            statements = self._con.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.CREATE:
                raise faults.rebuild({"error": "statement"}, "")
            self._con.execute(statements[0])
        except duckdb.Error as error:
            raise self._fenced(error, "") from None

    def _fenced(self, error: BaseException, sql: str) -> EngineError:
        return faults.rebuild({"limit": self._limits.seconds} | faults.describe(error, sql), "")


@contextmanager
def scratch(tables: Mapping[str, pa.Table], limits: Limits = LIMITS) -> Iterator[Scratch]:
    """Open one that holds these tables by name, and forget everything at the end of the block."""
    opening = {
        "memory_bytes": limits.memory_bytes,
        "threads": limits.threads or 2,
        "seconds": limits.seconds,
        "spill": "",
    }
    con = lockdown.connect(opening)
    try:
        con.execute("SET GLOBAL TimeZone = 'UTC'")
        con.execute("SET allow_extension_repositories = 'forbidden'")
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
        made = Scratch(con, limits)
        for name, table in tables.items():
            made.hold(name, table)
        yield made
    finally:
        con.close()


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'
