"""Rows of imported files once their customer is erased: nobody can open their leaves, and others' proofs still hold.

A leaf of a file's tree is a row's 32 random bytes and its canonical JSON. Its hash stays in the tree, which others'
proofs need, and the random is overwritten: without it the hash says nothing of the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
    for (file, start), randoms in _overwritten(connection, sorted(places)):
        connection.exec_driver_sql(_ZERO, (bytes(randoms), file, start))
    connection.exec_driver_sql(_NOBODYS, (number,))


def _overwritten(
    connection: Connection, places: Iterable[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], bytearray]]:
    """The chunks of randoms with those of rows made zeros."""
    chunks: dict[tuple[int, int], bytearray] = {}
    for file, position in places:
        found = connection.exec_driver_sql(_CHUNK, (file, position)).first()
        if found is None:
            continue
        start, randoms = found
        held = chunks.setdefault((file, start), bytearray(randoms))
        at = _RANDOM_BYTES * (position - start)
        held[at : at + _RANDOM_BYTES] = bytes(_RANDOM_BYTES)
    yield from chunks.items()
