"""One customer's rows of imported files, each with what opens its leaf and its path in the file's tree.

A row of a choice that came with the file is made again from the choice. One that was on record already is kept only as
its random and its hash: it can be shown where a choice on record is the same word by word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bailee.errors import NotVerified
from bailee.people import driver, keyring
from bailee.people.choices import EVIDENCE
from bailee.people.import_tree import Tiles
from bailee.people.kinds import Kind

_RANDOM_BYTES = 32
_SAID = (
    'SELECT c."import", c.position, c.at, k.key, c.evidence, c.guardian, g.key, c.purpose, c.act, c.instrument, '
    "coalesce(n.digest, c.cited), c.language, c.recipient, c.channel, c.conflict_shown "
    "FROM choices c JOIN customers k ON k.number = c.customer LEFT JOIN customers g ON g.number = c.guardian "
    "LEFT JOIN notices n ON n.number = c.notice WHERE c.customer = ? ORDER BY c.sequence"
)
_SKIPPED = (
    'SELECT "import", position FROM import_skipped WHERE "import" IN (SELECT number FROM imports) AND customer = ?'
)
_FILES = "SELECT number, root, rows FROM imports WHERE kind = 'choices'"
#: Randoms come some at a time: a chunk of them is large, and a customer's rows of it may be one or many.
_SOME = 2048
_RANDOMS = (
    f"SELECT start, substr(randoms, CAST((? - start) / {_SOME} * {_SOME * _RANDOM_BYTES} + 1 AS INTEGER), "
    f"{_SOME * _RANDOM_BYTES}) "
    'FROM import_rows WHERE "import" = ? AND start <= ? ORDER BY start DESC LIMIT 1'
)

ERASED = "said by somebody who was erased since"
OTHERWISE = "was on record already, in words that differ"
EARLIER = "imported by an earlier Bailee, which kept no tree of a file"


class Place(NamedTuple):
    """Where a row is: the number of the import, its position among the file's rows, and how many those are."""

    file: int
    position: int
    rows: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What proves a row: its leaf is `random` and `record`, canonical JSON; `path` leads to the file's root."""

    position: int
    random: bytes
    record: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Unshown:
    """Why a row cannot be shown, in words, and what was chosen where that is on record."""

    why: str
    kind: Kind | None


class Rows:
    """The rows of one customer. `files` has their places by the root over each file's rows."""

    def __init__(self, connection: Connection, number: int) -> None:
        self._connection, self._number, self._tiles = connection, number, Tiles(connection)
        self._randoms = (0, 0, b"")
        self._said = driver.rows(connection, _SAID, (number,))
        #: Which choice came as which row of a file.
        self._came = {(row[0], row[1]): place for place, row in enumerate(self._said) if row[0] is not None}
        skipped = [(file, position) for file, position in driver.rows(connection, _SKIPPED, (number,))]
        self.files = self._placed(sorted([*self._came, *skipped]))

    def show(self, place: Place) -> Shown | Unshown:
        """What proves a row, or why it cannot be shown.

        Raises NotVerified where a choice is not the one that came with the file.
        """
        came = self._came.get((place.file, place.position))
        kind = None if came is None else _kind(self._said[came])
        leaf, random = self._tiles.leaf(place.file, place.position), self._random(place)
        if leaf is None or random is None:
            return Unshown(EARLIER, kind)
        if not any(random):
            return Unshown(ERASED, kind)
        records = self._records if came is None else [self._records[came]]
        record = next((each for each in records if each and sha256(b"\x00" + random + each).digest() == leaf), None)
        if record is not None:
            path = self._tiles.path(place.file, place.position, place.rows)
            return Shown(place.position, random, record, path)
        if came is not None:
            raise NotVerified(f"row `{place.position}` of import `{place.file}` is not as it came; restore a backup")
        return Unshown(OTHERWISE, None)

    @cached_property
    def _records(self) -> list[bytes | None]:
        """What each choice on record is as the row of a file."""
        return _records(self._connection, self._number, self._said)

    def _placed(self, places: Sequence[tuple[int, int]]) -> Mapping[str, list[Place]]:
        files = {number: row for number, *row in driver.rows(self._connection, _FILES)} if places else {}
        found: dict[str, list[Place]] = {}
        for file, position in places:
            root, rows = files[file]
            found.setdefault(root, []).append(Place(file, position, rows))
        return found

    def _random(self, place: Place) -> bytes | None:
        file, first, randoms = self._randoms
        if file != place.file or not first <= place.position < first + len(randoms) // _RANDOM_BYTES:
            values = (place.position, place.file, place.position)
            found = self._connection.exec_driver_sql(_RANDOMS, values).first()
            if found is None:
                return None
            first = found[0] + (place.position - found[0]) // _SOME * _SOME
            randoms = bytes(found[1])
            self._randoms = place.file, first, randoms
        at = _RANDOM_BYTES * (place.position - first)
        return randoms[at : at + _RANDOM_BYTES] or None


def _kind(row: Sequence[Any]) -> Kind:
    return Kind._make((*row[7:14], bool(row[14])))


def _records(connection: Connection, number: int, said: Sequence[Sequence[Any]]) -> list[bytes | None]:
    """The canonical JSON of choices, as rows of a file say it; None where their guardian or evidence is gone."""
    import numpy as np
    import pyarrow as pa

    from bailee.people.records import Frames

    frames, known = Frames(), dict[Kind, int]()
    kinds = [_kind(row) for row in said]
    for kind in dict.fromkeys(kinds):
        known[kind] = len(known)
        frames.add(kind)
    evidence = _evidence(connection, number, [row[4] for row in said])
    texts = [[row[3] for row in said], [text or None for text in evidence], [row[6] for row in said]]
    columns = [pa.array(column, pa.string()) for column in texts]
    numbered = np.array([known[kind] for kind in kinds], np.int64)
    made = frames.records(numbered, np.array([row[2] for row in said], np.int64), *columns)
    return [
        None if (row[5] and row[6] is None) or (row[4] and text is None) else record
        for row, text, record in zip(said, evidence, made, strict=True)
    ]


def _evidence(connection: Connection, number: int, sealed: Sequence[bytes | None]) -> list[str | None]:
    keys, each = keyring.of(connection), [(number, bytes(text)) for text in sealed if text]
    opened = iter(keys.open_each(connection, each, EVIDENCE))
    plain = [next(opened) if text else None for text in sealed]
    return [None if text is None else text.decode() for text in plain]
