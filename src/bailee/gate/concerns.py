"""Which entries of the ledger concern one customer: those that name them, and every use that was about everybody."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from bailee.ledger import log
from bailee.ledger.leaves import ALL, read
from bailee.people import choices, past

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.people.imported_rows import Place, Rows

#: Told how many entries were looked at and how many there are.
Progress = Callable[[int, int], object]

_STEP = 4096


class Concern(NamedTuple):
    """An entry that concerns a customer, and why.

    `alone` says that its record is about nobody else, `everybody` that it is about all; `row` is theirs in an imported
    file, which concerns them once for each.
    """

    position: int
    alone: bool = False
    everybody: bool = False
    row: Place | None = None


class _Opening(NamedTuple):
    """An entry that opened or continued a minute, and up to where standing followed the facts then."""

    position: int
    sequence: int


def of_customer(connection: Connection, number: int, rows: Rows, progress: Progress | None = None) -> list[Concern]:
    """All that concerns a customer, in order; goes once through the ledger.

    A minute of a checker counts once, when it was closed, and for each opening after which the customer's own standing
    changed before the next; one that was never closed, as those of a feed, counts as everybody, at its last opening.
    """
    changes = past.changes_of(connection, number)
    opened: dict[int, list[_Opening]] = {}
    found: dict[int, list[Concern]] = {}
    for position, leaf, named in _leaves(connection, progress):
        kind = leaf["kind"]
        if number in named:
            found[position] = [Concern(position, alone=named == [number])]
        elif kind == "use" and of_all(leaf, named):
            found[position] = [Concern(position, everybody=True)]
        elif kind == "points_opened":
            opened[position] = [*opened.pop(leaf["continues"], []), _Opening(position, leaf["standing_sequence"])]
            found[position] = [Concern(position, everybody=True)]
        elif kind == "points_closed":
            for old in _same(opened.pop(leaf["opened"], []), changes):
                found.pop(old, None)
            found[position] = [Concern(position, everybody=True)]
        elif kind == "disclosure":
            found[position] = [Concern(position, everybody=True)]
        elif kind == "choices_imported":
            found[position] = _imported(position, leaf, rows)
    for openings in opened.values():
        for old in set(_same(openings, changes)) - {openings[-1].position}:
            found.pop(old, None)
    return list(chain.from_iterable(found.values()))


def of_entry(connection: Connection, number: int, rows: Rows, position: int) -> list[Concern]:
    """How one entry concerns a customer, nothing if it does not; NotVerified where there is no such entry."""
    leaf: dict[str, Any] = read(log.leaf(connection, position))
    named = log.subjects(connection, position, position + 1).get(position, [])
    if number in named:
        return [Concern(position, alone=named == [number])]
    if leaf["kind"] in ("points_opened", "points_closed", "disclosure") or (
        leaf["kind"] == "use" and of_all(leaf, named)
    ):
        return [Concern(position, everybody=True)]
    return _imported(position, leaf, rows) if leaf["kind"] == "choices_imported" else []


def of_choice(connection: Connection, number: int, rows: Rows, sequence: int) -> Concern | None:
    """The entry of one of the customer's choices, or their row of the file it came with; None if it is not there."""
    came = choices.came_as(connection, sequence)
    if came is None:
        for position in log.of_customer(connection, number):
            leaf = read(log.leaf(connection, position))
            if leaf["kind"] == "choice" and leaf["sequence"] == sequence:
                return Concern(position, alone=True)
        return None
    placed = ((root, place) for root, places in rows.files.items() for place in places)
    root, place = next(((root, place) for root, place in placed if (place.file, place.position) == came), (None, None))
    for position, raw in of_kind(connection, "choices_imported"):
        if read(raw)["root"] == root:
            return Concern(position, row=place)
    return None


def of_kind(connection: Connection, kind: str) -> Iterator[tuple[int, bytes]]:
    """The positions and bytes of all leaves of a kind, in order; goes once through the ledger."""
    size, mark = log.head(connection).size, f'"kind":"{kind}"'.encode()
    for start in range(0, size, _STEP):
        leaves = log.leaves_at(connection, start, min(start + _STEP, size))
        yield from ((position, raw) for position, raw in enumerate(leaves, start) if mark in raw)


def of_all(leaf: Mapping[str, Any], named: Sequence[int]) -> bool:
    """Whether a use was about everybody. An earlier leaf does not say, and whom it named is gone with one of them."""
    return not named and leaf.get("about", ALL) == ALL


def _imported(position: int, leaf: Mapping[str, Any], rows: Rows) -> list[Concern]:
    """The customer's rows of the file of an entry: the same file, of an entry before a restore, had another root."""
    return [Concern(position, row=place) for place in rows.files.get(leaf["root"], ())]


def _same(openings: Sequence[_Opening], changes: Sequence[int]) -> Iterator[int]:
    """The openings of a minute after which the customer's standing stayed as it was up to the next, and the last."""
    for opening, after in zip_longest(openings, openings[1:]):
        if after is None or bisect_right(changes, opening.sequence) == bisect_right(changes, after.sequence):
            yield opening.position


def _leaves(connection: Connection, progress: Progress | None) -> Iterator[tuple[int, dict[str, Any], list[int]]]:
    """Every leaf with the customers whom its record names."""
    size = log.head(connection).size
    for start in range(0, size, _STEP):
        stop = min(start + _STEP, size)
        named = log.subjects(connection, start, stop)
        for position, leaf in enumerate(log.leaves_at(connection, start, stop), start):
            yield position, read(leaf), named.get(position, [])
        if progress is not None:
            progress(stop, size)
