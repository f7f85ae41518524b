"""Frequency tables of the company's data, and the SQL that `deid` writes: run on a connection that its caller opened.

Counting is set-up work of a release, on the warehouse itself; a governed question never comes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bailee.engines.duckdb import faults
from bailee.engines.duckdb.warehouse import interruptible
from bailee.errors import EngineError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def frequencies(
    con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str], subject: str | None = None
) -> pa.Table:
    """Each combination of the columns' values once, with `rows`, how often it occurs; `relation` is one in SQL.

    With `subject`, the column that names the customer, each customer may have one row only: else a class of five rows
    could be one person, so `EngineError` says how many rows are too many.
    """
    named = ", ".join(map(_quoted, columns))
    if subject is not None:
        rows, customers = _one(con, f"SELECT count(*), count(DISTINCT {_quoted(subject)}) FROM {relation}")
        if rows != customers:
            raise EngineError(
                f"the rows are {rows} and the customers {customers}; expected one row a customer with a key, so that "
                "classes count people; group by the customer first"
            )
    return select(con, f'SELECT {named}, count(*) AS "rows" FROM {relation} GROUP BY {named}')


def select(con: duckdb.DuckDBPyConnection, sql: str, tables: Mapping[str, pa.Table] | None = None) -> pa.Table:
    """The rows of a SELECT, which may read some Arrow tables by name. Errors name their class and never a value."""
    import duckdb

    given = tables or {}
    try:
        with interruptible():
            for name, table in given.items():
                con.register(name, table)
            return con.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        raise faults.rebuild(faults.describe(error, sql), "") from None
    finally:
        for name in given:
            con.unregister(name)


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, int]:
    row = select(con, sql).to_pylist()[0]
    first, second = row.values()
    return int(first), int(second)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
