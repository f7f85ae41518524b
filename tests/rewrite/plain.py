"""The other side of the law: a database from which hidden rows and values were physically removed."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

import duckdb

from bailee import decide
from bailee.decide.ruling import Ruling
from bailee.policy.meaning_of_rows import Asked, Database, Row, visible
from bailee.vocabulary import Treatment
from tests.rewrite.shop import SECRET

Types = Mapping[str, Mapping[str, str]]


def filtered(
    asked: Asked, ruling: Ruling, rows: Database, types: Types, tables: Sequence[str]
) -> duckdb.DuckDBPyConnection:
    """A connection to what `meaning_of_rows.visible` leaves of the tables, and to nothing else."""
    con = duckdb.connect(config={"python_enable_replacements": "false"})
    con.execute("ATTACH ':memory:' AS company; USE company; SET TimeZone = 'UTC'")
    for sql in tables_sql(asked, ruling, rows, types, tables):
        con.execute(sql)
    return con


def tables_sql(asked: Asked, ruling: Ruling, rows: Database, types: Types, tables: Sequence[str]) -> Iterator[str]:
    """SQL that makes what is left of each table."""
    for name, kinds, kept in left(asked, ruling, rows, types, tables):
        yield table_sql(name, kinds, kept)


def left(
    asked: Asked, ruling: Ruling, rows: Database, types: Types, tables: Sequence[str]
) -> Iterator[tuple[str, dict[str, str], Sequence[Row]]]:
    """What is left of each table: its name, its columns with their types, its rows."""
    for name, kept in visible(asked, rows, tables, _pseudonym).items():
        yield name, _types(asked, ruling, name, types[name], tables), kept


def table_sql(name: str, types: Mapping[str, str], rows: Sequence[Row]) -> str:
    """SQL that makes a table of these columns and rows."""
    columns = ", ".join(f"{column} {kind}" for column, kind in types.items()) or "none INTEGER"
    values = ", ".join("(" + ", ".join(_literal(row[column]) for column in types) + ")" for row in rows)
    return f"CREATE TABLE {name} ({columns});" + (f" INSERT INTO {name} VALUES {values};" if rows and types else "")


def _literal(value: object) -> str:
    return (
        "NULL" if value is None else str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
    )


def _pseudonym(value: object) -> str:
    """Python's own HMAC, which the expression in SQL must equal."""
    return hmac.new(SECRET, str(value).encode(), sha256).hexdigest()[:32]


def _types(asked: Asked, ruling: Ruling, name: str, types: Mapping[str, str], tables: Sequence[str]) -> dict[str, str]:
    """The columns that are left of a table, each with the type that its treatment gives it."""
    table, found = asked.datamap.tables[name], {}
    people = [asked.datamap.tables[t] for t in tables if asked.datamap.tables[t].personal]
    subject = decide.subjects(ruling, people)
    for column, kind in types.items():
        own = decide.column(ruling, table, column).treatment
        treatment = subject if table.personal and column in table.subjects else own
        coarse = "DATE" if kind.startswith(("DATE", "TIMESTAMP")) else kind
        plain = "VARCHAR" if kind.startswith("ENUM") else kind
        kinds = {Treatment.CLEAR: plain, Treatment.COARSE: coarse, Treatment.PSEUDONYM: "VARCHAR"}
        if treatment in kinds:
            found[column] = kinds[treatment]
    return found
