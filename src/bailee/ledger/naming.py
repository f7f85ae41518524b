"""Records about nobody in particular, under the company's own key, that may still name somebody, as a question does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlalchemy import Connection

from bailee.errors import NotVerified
from bailee.ledger import leaves
from bailee.ledger.records import RANDOM_BYTES
from bailee.ledger.values import Safe

_READ = 1024
_MARKS = 500
_RECORDS = """SELECT kept.position, kept.sealed, shown.leaf FROM ledger_records AS kept
    JOIN ledger_leaves AS shown ON shown.position = kept.position WHERE kept.position >= ?
    AND NOT EXISTS (SELECT 1 FROM ledger_subjects AS about WHERE about.position = kept.position)
    ORDER BY kept.position LIMIT ?"""

#: Told the position that was read.
Progress = Callable[[int], object]


def naming(
    connection: Connection,
    names: Callable[[Mapping[str, object]], bool],
    start: int = 0,
    *,
    safe: Safe,
    progress: Progress | None = None,
) -> Iterator[int]:
    """Give the positions, from `start` on, of the company's own records for which `names` is true.

    Raises NotVerified for a record that does not open: what it says cannot be known.
    """
    while rows := connection.exec_driver_sql(_RECORDS, (start, _READ)).all():
        for position, sealed, leaf in rows:
            committed = bytes.fromhex(str(leaves.read(bytes(leaf)).get("commitment")))
            try:
                plain = safe.open(connection, (), bytes(sealed), committed)
            except NotVerified:
                raise NotVerified(
                    f"the private record of entry `{position}` is not the one its leaf committed to"
                ) from None
            if plain is not None and names(leaves.read(plain[RANDOM_BYTES:])):
                yield position
        start = rows[-1][0] + 1
        if progress is not None:
            progress(start)


def erase_records(connection: Connection, positions: Sequence[int]) -> int:
    """Delete private records in the caller's write transaction and say how many there were; leaves stay."""
    count = 0
    for start in range(0, len(positions), _MARKS):
        some = tuple(positions[start : start + _MARKS])
        marks = ", ".join("?" * len(some))
        count += connection.exec_driver_sql(f"DELETE FROM ledger_records WHERE position IN ({marks})", some).rowcount
    return count
