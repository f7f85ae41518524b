"""Rows of imported files once their customer is erased: nobody can open their leaves, and others' proofs still hold.

A leaf of a file's tree is a row's 32 random bytes and its canonical JSON. Its hash stays in the tree, which others'
proofs need, and the random is overwritten: without it the hash says nothing of the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection

_RANDOM_BYTES = 32
#: What a person said. What they said for a child names them too: whoever held its random could try keys.
_SAID = 'SELECT "import", position FROM choices WHERE {} = ? AND "import" IS NOT NULL'
#: Which of a child's rows that were on record already their guardian said, nobody noted.
_SKIPPED = (
    'SELECT "import", position FROM import_skipped WHERE "import" IN (SELECT number FROM imports) '
    "AND (customer = ? OR customer IN (SELECT child FROM guardians WHERE guardian = ?))"
)
_NOBODYS = 'DELETE FROM import_skipped WHERE "import" IN (SELECT number FROM imports) AND customer = ?'
_CHUNK = 'SELECT start, randoms FROM import_rows WHERE "import" = ? AND start <= ? ORDER BY start DESC LIMIT 1'
_ZERO = 'UPDATE import_rows SET randoms = ? WHERE "import" = ? AND start = ?'


def blind(connection: Connection, number: int) -> None:
    """Overwrite the randoms of a customer's imported rows, and of those that they said for a child."""
    places: set[tuple[int, int]] = set()
    for column in ("customer", "guardian"):
        places.update(map(tuple, connection.exec_driver_sql(_SAID.format(column), (number,))))
    places.update(map(tuple, connection.exec_driver_sql(_SKIPPED, (number, number))))
    overwrite(connection, sorted(places))
    connection.exec_driver_sql(_NOBODYS, (number,))


def overwrite(connection: Connection, places: Iterable[tuple[int, int]]) -> None:
    """Make the randoms of rows zeros; places are imports and positions, in order."""
    for file, positions in groupby(places, key=itemgetter(0)):
        held, start = bytearray(), 0
        for _, position in positions:
            if not start <= position < start + len(held) // _RANDOM_BYTES:
                _write(connection, file, start, held)
                start, held = _chunk(connection, file, position)
            at = _RANDOM_BYTES * (position - start)
            held[at : at + _RANDOM_BYTES] = bytes(min(_RANDOM_BYTES, max(len(held) - at, 0)))
        _write(connection, file, start, held)


def _chunk(connection: Connection, file: int, position: int) -> tuple[int, bytearray]:
    found = connection.exec_driver_sql(_CHUNK, (file, position)).first()
    return (position, bytearray()) if found is None else (int(found[0]), bytearray(found[1]))


def _write(connection: Connection, file: int, start: int, randoms: bytearray) -> None:
    if randoms:
        connection.exec_driver_sql(_ZERO, (bytes(randoms), file, start))
