"""The look for personal data that the data map does not know: every table of an engine, recorded before it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from bailee.deid.discovery import Column as Judged
from bailee.deid.discovery import Measured, judge
from bailee.deid.discovery.scoring import OPERATIONS
from bailee.engines import Column
from bailee.engines.owned import Name
from bailee.errors import Cancelled, EngineError, EngineUnavailable, WorkspaceError
from bailee.gate.connections import POSTGRES, SPARK, Connection, opened
from bailee.gate.discovery import SAMPLE, relating
from bailee.gate.discovery.found import Discovered, Proposed
from bailee.gate.discovery.relating import Key, Looked, Whose
from bailee.gate.discovery.scanning import Scanner, few
from bailee.gate.discovery.searching import Search
from bailee.rewrite.dialects import Dialect, fold, named
from bailee.rewrite.store import Store

if TYPE_CHECKING:
    from bailee.engines import Engine, Limits
    from bailee.engines import Table as BaseTable
    from bailee.policy.model import DataMap, Table

#: Seconds that one statement may take: it reads a whole table.
PATIENCE = 3600.0
#: How probable it is that a subject is one: it holds customers' keys, or (True) the table was guessed to be theirs.
_SUBJECT = {False: 0.97, True: 0.85}
_UNCOUNTED = "the engine cannot count its columns; was it changed while it was looked at?"

#: Told how many columns are looked at, and how many there are.
Progress = Callable[[int, int | None], object]


def discover(
    connection: Connection,
    limits: Limits,
    datamap: DataMap,
    at: datetime,
    key: bytes,
    *,
    only: Sequence[str] = (),
    sample: int = SAMPLE,
    progress: Progress | None = None,
) -> Discovered:
    """Look at every table of an engine, or only those named, that has a column which the map has not.

    `key` hashes customers' own values while notes are searched. WorkspaceError for a table that is not there, or an
    engine of a kind that is not looked at; EngineError where it cannot be opened.
    """
    if connection.kind == SPARK:
        raise WorkspaceError("a Spark is not looked at; name an engine of the kind `duckdb` or `postgres`")
    engine = opened(connection, replace(limits, seconds=PATIENCE))
    try:
        scanner = Scanner(engine, at.date(), sample)
        return _Look(engine, scanner, datamap, only, key, sample, progress).done()
    finally:
        engine.close()


class _Look:
    """One look at an engine."""

    def __init__(
        self,
        engine: Engine,
        scanner: Scanner,
        datamap: DataMap,
        only: Sequence[str],
        key: bytes,
        sample: int,
        progress: Progress | None,
    ) -> None:
        self.scanner, self.map, self.sample, self.progress = scanner, datamap, sample, progress
        self.dialect: Dialect = named(engine.dialect)
        self.catalog, self.unread = _catalog(engine)
        self.store = Store(datamap, self.catalog, self.dialect)
        self.search, self.left_out = Search(scanner, self.store, key), list[str]()
        self.tables = [(table, columns) for table in self._asked(only) if (columns := self._unmapped(table))]
        self.all = sum(len(columns) for _, columns in self.tables)
        self.count, self.trouble = 0, dict[str, str]()

    def done(self) -> Discovered:
        self._tell(0)
        looked = [self._first(table, columns) for table, columns in self.tables]
        keys = self._keys(looked)
        dense = relating.dense_keys(keys, self.scanner)
        whose = {table.called: relating.subject_of(table, keys, self.scanner, dense) for table in looked}
        self._follow(looked, whose)
        looked = [self._again(table, whose[table.called]) for table in looked]
        looked = self.search.searched(looked)
        proposed = tuple(self._proposed(table, whose[table.called]) for table in looked)
        unread = sum(
            column.name in self.unread.get((table.schema, table.name), ())
            for table, columns in self.tables
            for column in columns
        )
        if unread:
            self.left_out.append(
                f"{unread} {'column' if unread == 1 else 'columns'} that the engine's login may not read, judged by "
                "name and type alone: let it read them for as long as this takes"
            )
        return Discovered(
            None, proposed, len(self.catalog), tuple(dict.fromkeys((*self.search.left_out, *self.left_out)))
        )

    # Which tables and columns ----------------------------------------------------------------------------------------

    def called(self, table: BaseTable) -> str:
        """What the data map calls a table."""
        key = self.dialect.stored
        return table.name if key(table.schema) == self.dialect.schema else f"{table.schema}.{table.name}"

    def _asked(self, only: Sequence[str]) -> list[BaseTable]:
        if not only:
            return list(self.catalog)
        known = {fold(spelled): table for table in self.catalog for spelled in (self.called(table), table.name)}
        for name in only:
            if fold(name) not in known:
                close = get_close_matches(fold(name), list(known), n=1)
                hint = f"; did you mean `{self.called(known[close[0]])}`?" if close else "; views are not looked at"
                raise WorkspaceError(f"the engine has no table `{name}`{hint}")
        wanted = {fold(name) for name in only}
        return [table for table in self.catalog if {fold(self.called(table)), fold(table.name)} & wanted]

    def _unmapped(self, table: BaseTable) -> tuple[Column, ...]:
        key = self.dialect.stored
        mine = self.store.find(key(table.name), key(table.schema))
        if mine is None:
            return table.columns
        known = {*mine.mapped, *((key(mine.table.standing),) if mine.table.standing else ())}
        return tuple(column for column in table.columns if key(column.name) not in known)

    def _is_mapped(self, table: Looked) -> bool:
        key = self.dialect.stored
        return self.store.find(key(table.name.table), key(table.name.schema)) is not None

    # What they look like ---------------------------------------------------------------------------------------------

    def _first(self, table: BaseTable, columns: tuple[Column, ...]) -> Looked:
        name, called = Name(table.schema, table.name), self.called(table)
        unread = self.unread.get((table.schema, table.name), frozenset())
        readable = [column for column in columns if column.name not in unread]
        measured: dict[str, Measured] = {}
        try:
            if readable:
                measured = self.scanner.measure(name, readable, self._tell)
        except (EngineUnavailable, Cancelled):
            raise
        except EngineError as error:
            self.trouble[called] = _UNCOUNTED if error.kind == "relation" else str(error)
        return self._judged(Looked(name, called, columns, measured), about_people=False)

    def _judged(self, table: Looked, *, about_people: bool) -> Looked:
        found = tuple(
            judge(
                Judged(table.called, column.name, column.type, table.measured.get(column.name)),
                about_people=about_people,
            )
            for column in table.columns
        )
        return replace(table, suggestions=found)

    def _again(self, table: Looked, whose: Whose) -> Looked:
        """Judge a table anew that turned out to be about people."""
        mapped = self._is_mapped(table)
        about = whose.subject is not None or whose.via is not None or (mapped and self._mapped(table).personal)
        if not about:
            return table
        again = self._judged(table, about_people=True)
        guessed = whose.why == relating.PEOPLE and not mapped
        named = tuple(
            replace(each, category="user.unique_id", probability=_SUBJECT[guessed], evidence=(str(whose.why),))
            if each.column == whose.subject
            else each
            for each in again.suggestions
        )
        again = replace(again, suggestions=named)
        return replace(again, suggestions=relating.beside(again))

    def _mapped(self, table: Looked) -> Table:
        key = self.dialect.stored
        stored = self.store.find(key(table.name.table), key(table.name.schema))
        assert stored is not None  # noqa: S101  asked for after `_is_mapped`
        return stored.table

    # Whose they are --------------------------------------------------------------------------------------------------

    def _keys(self, looked: Sequence[Looked]) -> list[Key]:
        """The columns by which customers are known: the map's subjects, else what looks like a table of customers."""
        best: dict[str, tuple[int, Key]] = {}
        for key in self.store.names():
            stored = self.store.of(key)
            name = Name(stored.schema, stored.name)
            for subject in map(self.dialect.stored, stored.table.subjects):
                if subject in stored.types:
                    column = Column(stored.spelling[subject], stored.types[subject])
                    # Of tables that call it alike, the one that knows most customers.
                    different = self._different(name, column)
                    if subject not in best or different > best[subject][0]:
                        best[subject] = different, Key(name, key, column.name, column.type)
        if best:
            return [key for _, key in best.values()]
        guessed = relating.people_table(looked)
        return [guessed] if guessed else []

    def _different(self, name: Name, column: Column) -> int:
        try:
            return self.scanner.figures(name, [column])[column.name].distinct
        except EngineError:
            return 0

    def _follow(self, looked: Sequence[Looked], whose: dict[str, Whose]) -> None:
        """Find ways to a customer along references, as far as they go."""
        parents = list(self._mapped_parents())
        while True:
            known = [
                *parents,
                *(
                    Key(table.name, table.called, column.name, column.type, table.unique(column.name))
                    for table in looked
                    if whose[table.called].subject or whose[table.called].via
                    for column in table.columns
                    if table.unique(column.name)
                ),
            ]
            found = {
                table.called: way
                for table in looked
                if not (whose[table.called].subject or whose[table.called].via)
                and (way := relating.via_of(table, known, self.scanner)).via
            }
            if not found:
                return
            whose |= found

    def _mapped_parents(self) -> Iterator[Key]:
        for key in self.store.names():
            stored = self.store.of(key)
            if not stored.table.personal:
                continue
            name = Name(stored.schema, stored.name)
            real = next(t for t in self.catalog if (t.schema, t.name) == (stored.schema, stored.name))
            columns = [each for each in real.columns if self.dialect.stored(each.name) in stored.mapped]
            with suppress(EngineError):
                table = Looked(name, key, tuple(columns), self.scanner.figures(name, columns))
                yield from (Key(name, key, column.name, column.type) for column in columns if table.unique(column.name))

    # What is proposed ------------------------------------------------------------------------------------------------

    def _proposed(self, table: Looked, whose: Whose) -> Proposed:
        some = next(iter(table.measured.values()), None)
        rows = None if few(some) else table.rows
        trouble = self.trouble.get(table.called)
        if self._is_mapped(table):
            name = self._mapped(table).name
            return Proposed(name, True, table.suggestions, rows, self._mapped(table).personal, trouble=trouble)
        common = Proposed(table.called, False, table.suggestions, rows, trouble=trouble)
        if whose.subject is not None:
            at = relating.time_of(table, people=whose.why == relating.PEOPLE)
            return replace(common, personal=True, subject=whose.subject, at=at, why=whose.why)
        if whose.via is not None:
            own = relating.time_of(table, people=False)
            return replace(common, personal=True, via=whose.via, at="via" if own == "none" else own, why=whose.why)
        speaking = any(each.confidence for each in table.suggestions)
        if speaking or trouble or rows is None:
            return common
        operations = tuple(
            replace(each, category=OPERATIONS, probability=0.8, evidence=("nothing in the table speaks of people",))
            for each in table.suggestions
        )
        why = "no column speaks of people, and none holds customers' keys"
        return replace(common, columns=operations, personal=False, why=why)

    def _tell(self, more: int) -> None:
        self.count += more
        if self.progress is not None:
            self.progress(self.count, self.all)


def _catalog(engine: Engine) -> tuple[tuple[BaseTable, ...], Mapping[tuple[str, str], frozenset[str]]]:
    """Every base table, and by schema and table the columns that the engine's login may not read."""
    if engine.dialect != POSTGRES:
        return engine.catalog(), {}
    from bailee.engines.postgres.engine import Postgres

    assert isinstance(engine, Postgres)  # noqa: S101  of that dialect
    everything = engine.catalog(readable=False)
    may = {(t.schema, t.name, c.name) for t in engine.catalog() for c in t.columns}
    unread = {
        (t.schema, t.name): frozenset(c.name for c in t.columns if (t.schema, t.name, c.name) not in may)
        for t in everything
    }
    return everything, {key: columns for key, columns in unread.items() if columns}
