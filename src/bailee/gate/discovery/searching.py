"""Free text, searched for what the company knows of its own customers, and by a model of language if there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from bailee.deid.discovery import LEAST, Notes, judge
from bailee.deid.discovery import Column as Judged
from bailee.deid.discovery.free_text import LOOKED_FOR, NAME, Known
from bailee.deid.discovery.measures import TEXT, kind_of
from bailee.engines.owned import Name
from bailee.errors import EngineError
from bailee.gate.discovery.relating import Looked
from bailee.gate.discovery.scanning import Scanner
from bailee.rewrite.store import Store

#: Customers' own values that are held to search notes for.
MOST_KNOWN = 1_000_000


class Search:
    """Searches the notes of one engine; `left_out` says what was not looked at. `key` hashes what is looked for."""

    def __init__(self, scanner: Scanner, store: Store, key: bytes) -> None:
        self._scanner, self._store, self._key = scanner, store, key
        self.left_out = list[str]()

    def searched(self, looked: list[Looked]) -> list[Looked]:
        """Search free text for the customers' own values."""
        free = [
            (table, column.name)
            for table in looked
            for column in table.columns
            if kind_of(column.type) == TEXT
            and (found := table.measured.get(column.name)) is not None
            and found.tells
            and found.free_text
        ]
        if not free:
            return looked
        from bailee.deid.discovery import presidio

        known = self._known(looked)
        if not len(known):
            self.left_out.append(
                "free text was not searched for customers' names, since no column is known to hold them"
            )
        model = presidio.model()
        if model is None:
            self.left_out.append(f"free text was not searched by a model of language: {presidio.MISSING}")
        notes: dict[tuple[str, str], Notes] = {}
        for table, column in free:
            with suppress(EngineError):
                texts = self._scanner.sample(table.name, [column], table.measured)[column]
                if len(texts) < LEAST:
                    continue
                first = texts[: presidio.MOST] if model else []
                models = model.count(first) if model else {}
                notes[table.called, column] = Notes(len(texts), len(first), known.count(texts), models)
        return [self._noted(table, notes) for table in looked]

    def _noted(self, table: Looked, notes: Mapping[tuple[str, str], Notes]) -> Looked:
        mine = {column: found for (called, column), found in notes.items() if called == table.called}
        if not mine:
            return table
        measured = {key: replace(each, notes=mine.get(key)) for key, each in table.measured.items()}
        told = tuple(
            judge(Judged(table.called, each.column, each.type, measured.get(each.column)), about_people=True)
            if each.column in mine
            else each
            for each in table.suggestions
        )
        return replace(table, measured=measured, suggestions=told)

    def _known(self, looked: Sequence[Looked]) -> Known:
        """The customers' names, addresses and numbers, of columns that the map or this look knows to hold them."""
        known = Known(self._key)
        for name, columns in self._identifying(looked):
            for what, column in columns.items():
                self._take(known, what, name, [column])
            first, last = columns.get("user.name.first"), columns.get("user.name.last")
            if first and last:
                self._take(known, NAME, name, [first, last])
        return known

    def _take(self, known: Known, what: str, name: Name, columns: list[str]) -> None:
        kind = next((LOOKED_FOR[prefix] for prefix in LOOKED_FOR if what.startswith(prefix)), None)
        if kind is None:
            return
        with suppress(EngineError):
            rows = self._scanner.distinct(name, columns, MOST_KNOWN)
            known.add(kind, (" ".join(filter(None, row)) for row in rows))
            if len(rows) >= MOST_KNOWN:
                self.left_out.append(f"free text was searched for {MOST_KNOWN:,} of the customers' names and no more")

    def _identifying(self, looked: Sequence[Looked]) -> Iterator[tuple[Name, dict[str, str]]]:
        for key in self._store.names():
            stored = self._store.of(key)
            mapped = {
                category: stored.spelling[folded]
                for folded, spelled in stored.mapped.items()
                for category in stored.table.columns[spelled].categories
            }
            yield Name(stored.schema, stored.name), mapped
        for table in looked:
            found = {
                each.category: each.column
                for each in table.suggestions
                if each.category and each.confidence == "sure" and kind_of(each.type) == TEXT
            }
            yield table.name, found
