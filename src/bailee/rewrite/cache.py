"""Rewrites kept by all that they depend on; who consented is joined when a question runs and is no part of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from bailee.decide.ruling import Ruling
from bailee.engines import Table as BaseTable
from bailee.policy.model import DataMap
from bailee.rewrite.dialects import DUCKDB, Dialect
from bailee.rewrite.governed import Governed
from bailee.rewrite.rewrite import rewrite_over
from bailee.rewrite.rules.parents import owner_of
from bailee.rewrite.sight import Person
from bailee.rewrite.store import Store, Stored
from bailee.rewrite.verify import Serialize
from bailee.rewrite.visible import VisibleTable, visible

#: Changes whenever the same question could be rewritten in another way.
VERSION = 1

Key = tuple[str, str, str, str, str, str | None, str | None, int, int, int | None, int | None, tuple[int, int] | None]


class Rewriter:
    """The rewrite over one data map and database, with the last `size` rewrites kept; safe to share between threads.

    Make another when the map or the catalogue changes. `digest` is the data map's.
    """

    def __init__(
        self,
        datamap: DataMap,
        digest: str,
        catalog: Iterable[BaseTable],
        serialize: Serialize,
        size: int = 1024,
        dialect: Dialect = DUCKDB,
    ) -> None:
        self._store = Store(datamap, catalog, dialect)
        self._digest = digest
        self._serialize = serialize
        self._size = size
        self._kept: OrderedDict[Key, Governed] = OrderedDict()
        self._lock = threading.Lock()

    def mistake(self, governed: Governed, ruling: Ruling, position: int | None) -> str | None:
        """What a person probably got wrong in a question that the engine could not bind; see `mistakes`."""
        from bailee.rewrite.mistakes import mistake

        return mistake(governed, ruling, self._store, position)

    def visible(self, ruling: Ruling) -> tuple[VisibleTable, ...]:
        """What a permitted ruling may see of every table."""
        return tuple(visible(ruling, self._store))

    def tables(self) -> list[tuple[str, str, bool]]:
        """The tables about people: their names in the map, as a question names them, and whether rows name several."""
        found = [self._store.of(name) for name in self._store.names()]
        quote = self._store.dialect.quote
        return [
            (each.table.name, f"{quote(each.schema)}.{quote(each.name)}", len(self._holder(each).table.subjects) > 1)
            for each in found
            if each.table.personal
        ]

    def _holder(self, stored: Stored) -> Stored:
        """The table whose columns name whom a row is about."""
        return stored if stored.table.via is None else owner_of(self._store, stored)

    def rewrite(self, question: str, ruling: Ruling, person: Person | None = None) -> Governed:
        """The governed question; raises `Refused`. A refused ruling is never looked up, and refusals are not kept.

        Nor is what is about one `person` alone, the answer to their own request, or looks narrower than its use.
        """
        if not ruling.permitted or person is not None or ruling.unspoken:
            return rewrite_over(question, ruling, self._store, self._serialize, person)
        use = ruling.use
        dialect = self._store.dialect.name
        used = (use.purpose, use.recipient, use.effect)
        key = (question, dialect, self._digest, ruling.policy, *used, VERSION, *_stricter(ruling))
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = rewrite_over(question, ruling, self._store, self._serialize)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return made


def _stricter(ruling: Ruling) -> tuple[int, int | None, int | None, tuple[int, int] | None]:
    """What a ruling may be narrowed to by a deal: how anything may appear, the smallest group, the p % rule; for whom.

    The last is the part of the customers of whom each one's own is asked.
    """
    least = None if ruling.purpose is None else ruling.purpose.release.min_group
    return int(ruling.at_most), least, ruling.percent, ruling.apart
