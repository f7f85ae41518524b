"""Which uses concern one customer, the newest first: read back from the ledger's end, as far as somebody looks.

`gate.concerns` goes through a whole ledger in order, which a page of twenty uses cannot wait for. Backwards, an entry
that opened a minute is met after the one that went on with it or closed it: that one is remembered until then, and by
whoever stops in between (`later`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bailee.gate.concerns import Concern, of_all
from bailee.ledger import log
from bailee.ledger.leaves import read
from bailee.people import past

if TYPE_CHECKING:
    from sqlalchemy import Connection

_STEP = 2048
_KINDS = (b'"kind":"use"', b'"kind":"points_opened"', b'"kind":"points_closed"', b'"kind":"disclosure"')


class Backwards:
    """Goes back through uses from an entry, which itself is left out, or from the end.

    `at` is how far it came: everything from there on was read. `later` says by which entries it knows of minutes that
    began before; whoever goes on from there gives them again.
    """

    def __init__(
        self, connection: Connection, number: int, before: int | None = None, later: Iterable[int] = ()
    ) -> None:
        self._connection, self._number = connection, number
        size = log.head(connection).size
        self.at = size if before is None else max(0, min(before, size))
        self._changes = past.changes_of(connection, number)
        #: By the entry that opened a minute: the one that names it, and that one's sequence; None where it closes it.
        self._named: dict[int, tuple[int, int | None]] = {}
        for position in later:
            if self.at <= position < size:
                self._note(position, read(log.leaf(connection, position)))

    @property
    def later(self) -> tuple[int, ...]:
        """The entries that name one that was not come to."""
        return tuple(sorted({by for opened, (by, _) in self._named.items() if opened < self.at}))

    def uses(self, most: int) -> Iterator[Concern]:
        """The uses among at most so many entries, each with `at` as it is then."""
        stop = max(self.at - most, 0)
        while self.at > stop:
            end, start = self.at, max(self.at - _STEP, stop)
            leaves = log.leaves_at(self._connection, start, end)
            own = set(log.of_customer(self._connection, self._number, start, end))
            for position in range(end - 1, start - 1, -1):
                self.at, raw = position, leaves[position - start]
                if any(kind in raw for kind in _KINDS):
                    found = self._concern(position, read(raw), own=position in own)
                    if found is not None:
                        yield found

    def _concern(self, position: int, leaf: dict[str, Any], *, own: bool) -> Concern | None:
        kind = leaf["kind"]
        self._note(position, leaf)
        if kind in ("points_closed", "disclosure"):
            return Concern(position, everybody=True)
        if kind == "points_opened":
            return Concern(position, everybody=True) if self._opened(position, leaf) else None
        if kind != "use":
            return None
        named = [] if leaf.get("about") is not None and not own else self._subjects(position)
        if own:
            return Concern(position, alone=named == [self._number])
        return Concern(position, everybody=True) if of_all(leaf, named) else None

    def _subjects(self, position: int) -> list[int]:
        return log.subjects(self._connection, position, position + 1).get(position, [])

    def _note(self, position: int, leaf: Mapping[str, Any]) -> None:
        """Remember the minute that an entry goes on with, or closes."""
        if leaf["kind"] == "points_closed":
            self._named[leaf["opened"]] = (position, None)
        elif leaf["kind"] == "points_opened" and leaf["continues"] is not None:
            self._named[leaf["continues"]] = (position, leaf["standing_sequence"])

    def _opened(self, position: int, leaf: Mapping[str, Any]) -> bool:
        """Whether an opening counts: the last of a minute that nobody closed, or one before the customer changed."""
        by = self._named.pop(position, None)
        if by is None:
            return True
        after = by[1]
        return after is not None and self._moved(leaf["standing_sequence"], after)

    def _moved(self, sequence: int, after: int) -> bool:
        """Whether the customer's standing changed between two sequences."""
        return bisect_right(self._changes, sequence) != bisect_right(self._changes, after)


def policy_before(connection: Connection, position: int) -> str | None:
    """The digest of the policy that was in force at an entry, None before the first.

    Read back to the nearest entry that says so: nothing is ruled or asked under a policy that is not in force.
    """
    stop, step = position + 1, 16
    while stop > 0:
        start = max(stop - step, 0)
        for raw in reversed(log.leaves_at(connection, start, stop)):
            if any(kind in raw for kind in (b'"kind":"policy"', *_KINDS[:2])):
                return str(read(raw)["policy"])
        stop, step = start, min(step * 4, _STEP)
    return None
