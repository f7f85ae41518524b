"""Whether the data map fits the database: what it names and the database lacks, before a question meets it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from bailee.engines import Table as BaseTable
from bailee.errors import Problem, Refused
from bailee.policy.model import DataMap
from bailee.rewrite.dialects import DUCKDB, Dialect, fold
from bailee.rewrite.rules.reveal import references
from bailee.rewrite.store import Store, Stored


def misfits(datamap: DataMap, catalog: Iterable[BaseTable], file: str, dialect: Dialect = DUCKDB) -> Iterator[Problem]:
    """A problem, with its line in `file`, for each table or column that the database lacks or cannot serve."""
    tables = tuple(catalog)
    store = Store(datamap, tables, dialect)
    for key, table in datamap.tables.items():
        if key not in store.names():
            close = _nearest(table.name, [real.name for real in tables])
            message = f"the database has no table `{table.name}`{close or ', so no question can see it'}"
            yield Problem(file, datamap.lines.get((key,), 1), 1, message)
        else:
            yield from _columns(datamap, store, store.of(table.name), key, file)


def _columns(datamap: DataMap, store: Store, stored: Stored, key: str, file: str) -> Iterator[Problem]:
    for name in stored.table.columns:
        if stored.dialect.stored(name) not in stored.types:
            close = _nearest(name, list(stored.spelling.values()))
            line = datamap.lines.get((key, name), datamap.lines.get((key,), 1))
            yield Problem(file, line, 1, f"the table `{stored.table.name}` has no column `{name}`{close}")
    try:
        for subject in stored.table.subjects:
            stored.key_type(subject)
        for reference in references(stored.table):
            store.target(stored, reference)
    except Refused as error:
        # Columns that are not there were told above.
        message = error.reasons[0].sentence
        if "has no column" not in message and "has no table" not in message:
            yield Problem(file, datamap.lines.get((key,), 1), 1, message.replace("; run `bailee check`", ""))


def _nearest(found: str, known: list[str]) -> str:
    close = get_close_matches(fold(found), list(map(fold, known)), n=1, cutoff=0.6)
    return f"; did you mean `{next(name for name in known if fold(name) == close[0])}`?" if close else ""
