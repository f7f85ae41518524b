"""What a purpose may see of every table, to be shown to whoever is about to ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bailee.decide.ruling import Ruling
from bailee.rewrite.sight import Seen, Sight
from bailee.rewrite.store import Store, Stored
from bailee.vocabulary import Reason, Treatment


@dataclass(frozen=True, slots=True)
class VisibleColumn:
    """A column, the engine's type of it, how it may appear, and why it is not clear."""

    name: str
    type: str
    treatment: Treatment
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class VisibleTable:
    """A table of the data map that the database has; `grouped` says that some of it shows in groups only."""

    name: str
    personal: bool
    columns: tuple[VisibleColumn, ...]

    @property
    def empty(self) -> bool:
        """Whether the purpose may see nothing of it."""
        return all(column.treatment is Treatment.WITHHELD for column in self.columns)

    @property
    def grouped(self) -> bool:
        """Whether some of it may be seen in groups only."""
        return any(column.treatment is Treatment.AGGREGATE for column in self.columns)


def visible(ruling: Ruling, store: Store) -> Iterator[VisibleTable]:
    """Every table as a permitted ruling lets a question about it alone see it."""
    for name in store.names():
        stored = store.of(name)
        sight = Sight(ruling, store, [stored])
        # That a purpose could list whose rows are there is not enough to see a table.
        nothing = sight.empty(stored)
        columns = [_column(stored, key, seen, nothing) for key, seen in sight.columns(stored).items()]
        yield VisibleTable(name, stored.table.personal, tuple(columns))


def _column(stored: Stored, key: str, seen: Seen, nothing: bool) -> VisibleColumn:
    treatment = Treatment.WITHHELD if nothing else seen.treatment
    return VisibleColumn(seen.name, stored.types[key], treatment, seen.reason)
