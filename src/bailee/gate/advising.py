"""What to change in a company's schema before its questions grow slow: said by `bailee check`, with its own figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bailee.engines import View
from bailee.errors import EngineError, Problem, Refused
from bailee.gate.settings import MAP, Settings
from bailee.policy.model import DataMap

if TYPE_CHECKING:
    from bailee.engines import Engine
    from bailee.rewrite.store import Stored

#: Fewer rows are joined before anybody notices.
LARGE = 1_000_000
#: Keys that span more than this have no array-indexed join in DuckDB: 5 instead of 2 times a raw query was measured,
#: and 2.3 by a mask of bits, which goes further (`bench/RESULTS.md`, column).
CLIFF = 1_048_576

_FIGURES = "SELECT count(*) AS n, min({key}) AS low, max({key}) AS high FROM {table}"
_TEXT = "SELECT count(*) AS n, NULL::BIGINT AS low, NULL::BIGINT AS high FROM {table}"


def advice(settings: Settings, datamap: DataMap) -> Iterator[Problem]:
    """A warning for each large table whose questions have to join, or whose standing column is not there yet.

    Nothing where the database cannot be read, which others tell.
    """
    database = settings.engine.database
    personal = any(table.personal for table in datamap.tables.values())
    if database is None or not database.exists() or not personal:
        return
    from bailee.engines.duckdb.engine import DuckDB
    from bailee.rewrite.dialects import named
    from bailee.rewrite.store import Store

    try:
        with DuckDB(database, limits=settings.limits) as engine:
            store = Store(datamap, engine.catalog(), named(engine.dialect))
            for name in store.names():
                told = _told(engine, store.of(name))
                if told is not None:
                    yield Problem(MAP, datamap.lines.get((name,), 1), 1, told)
    except (EngineError, Refused):
        return


def _told(engine: Engine, stored: Stored) -> str | None:
    """What to say of one table, or None."""
    table = stored.table
    if not table.personal or table.via is not None or len(table.subjects) != 1:
        return None
    name, (subject,) = f"`{table.name}`", table.subjects
    if table.standing is not None:
        kind = stored.types.get(stored.dialect.stored(table.standing))
        if kind == "BIGINT":
            return None
        if kind is not None:
            return (
                f"`standing: {table.standing}` of {name} is {kind} in the database, expected BIGINT or no such column"
            )
        return f"{name} has no column `{table.standing}` yet: run `bailee engines maintain`, which adds and fills it"
    rows, span = _figures(engine, stored, subject)
    if rows < LARGE or (span is not None and span <= CLIFF):
        return None
    remedy = (
        "let Bailee keep a column there (`standing: bailee_standing` under `fides_meta.bailee`, then `bailee engines "
        "maintain`)"
    )
    if span is None:
        why = f"{rows:,} rows name customers by {stored.key_type(subject)}, which joins 5 to 10 times slower than whole"
        return f"{name} is slow to ask: {why} numbers; {remedy}, or give customers whole numbers from 1 on"
    apart = f"{rows:,} rows name customers by numbers that lie {span:,} apart; past {CLIFF:,}"
    if span <= _widest():
        why = f"{apart} a mask of bits takes 2.3 times a raw query over all rows, and a column 1.3"
        return f"{name} is slower to ask than it need be: {why}; {remedy}, or number customers from 1 on without gaps"
    why = f"{apart} a join takes 5 times a raw query, and past {_widest():,} there is no mask of bits instead of it"
    return f"{name} is slow to ask: {why}; {remedy}, or number customers from 1 on without gaps"


def _figures(engine: Engine, stored: Stored, subject: str) -> tuple[int, int | None]:
    """How many rows there are, and how far keys of whole numbers lie apart; None for other keys."""
    from bailee.rewrite.mask import maskable

    kind = _FIGURES if maskable(stored.key_type(subject)) else _TEXT
    sql = kind.format(key=stored.dialect.quote(stored.spelling[stored.dialect.stored(subject)]), table=stored.sql)
    row = engine.ask([View("figures", sql)], "SELECT * FROM figures", allow={}).table.to_pylist()[0]
    if kind is _TEXT:
        return row["n"], None
    return row["n"], 0 if row["low"] is None else row["high"] - row["low"] + 1


def _widest() -> int:
    from bailee.engines.duckdb.masks import WIDEST

    return WIDEST
