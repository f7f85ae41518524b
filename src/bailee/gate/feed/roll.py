"""Everybody in a feed, as the gate knows them: how each is called there, their codes, and what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bailee.errors import WorkspaceError
from bailee.gate.feed.layout import AT_BYTES, UNKNOWN, Snapshot, Used
from bailee.gate.feed.sealed import NAME_BYTES, Sealing
from bailee.people import customers, forecast

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.decide import Compiled
    from bailee.people.database import Database
    from bailee.people.standing import Standing

#: What time will change is looked up anew after so long, and is to be sent for longer ahead.
MINUTE = timedelta(minutes=1)
_FULL = 255
_MOST_BITS = 32

Names = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint8]
#: From which instant on a customer will have which codes, by number.
Ahead = dict[int, list[tuple[int, bytes]]]


@dataclass(frozen=True, slots=True)
class Moved:
    """What is new since the last look: the rows of changes, of how many customers, and whether somebody was erased."""

    rows: bytes
    customers: int
    erased: bool


class Roll:
    """Follows everybody's standing in some slots; not safe for threads."""

    def __init__(
        self,
        database: Database,
        compiled: Compiled,
        sealing: Sealing,
        slots: Sequence[int],
        fresh: Callable[[], Standing],
    ) -> None:
        self._database, self._compiled, self._sealing, self._slots = database, compiled, sealing, tuple(slots)
        self._fresh = fresh
        #: By number: what each is called, and who is in the feed; number 0 is nobody.
        self._names: Names = np.zeros((1, NAME_BYTES), np.uint8)
        self._here: npt.NDArray[np.bool_] = np.zeros(1, np.bool_)
        self._columns: list[Codes] = [np.full(1, UNKNOWN, np.uint8) for _ in slots]
        self._sequence, self._version, self._named = -1, -1, -1
        self._looked: datetime | None = None
        self._ahead: Ahead = {}

    @property
    def customers(self) -> int:
        """How many are in the feed."""
        return int(self._here.sum())

    def follow(self, at: datetime, ahead: timedelta) -> tuple[Standing, Moved]:
        """The newest standing, what changed since the last call, and what time will change for so long from now."""
        while True:
            standing = self._fresh()
            with self._database.read() as connection:
                coming = self._coming(connection, standing, at, ahead)
                if coming is None:
                    continue
                gone = self._named_anew(connection, standing)
            return standing, self._moved(standing, coming, gone)

    def snapshot(self, uses: Sequence[Used], tip: str) -> Snapshot:
        """Everybody as of the last look."""
        numbers = np.flatnonzero(self._here)
        names = self._names[numbers]
        high, low = names[:, :8].copy().view(">u8")[:, 0], names[:, 8:].copy().view(">u8")[:, 0]
        order = np.lexsort((low, high))
        bits = min(max(len(numbers) - 1, 0).bit_length(), _MOST_BITS)
        buckets = (high >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(len(numbers), np.int64)
        counts = np.bincount(buckets, minlength=1 << bits)
        if int(counts.max(initial=0)) > _FULL:
            raise WorkspaceError("the customers of a feed cannot be told apart by their names; make another feed key")
        return Snapshot(
            uses,
            tip,
            bits,
            counts.astype(np.uint8).tobytes(),
            names[order].tobytes(),
            [column[numbers][order].tobytes() for column in self._columns],
            self._rows_ahead(self._ahead),
        )

    def _coming(self, connection: Connection, standing: Standing, at: datetime, ahead: timedelta) -> Ahead | None:
        """What time will change; looked up where standing moved, and each minute."""
        looked = self._looked
        if standing.version == self._version and looked is not None and looked <= at < looked + MINUTE:
            return self._ahead
        found = forecast.coming(connection, self._compiled, standing, at + ahead)
        if found is not None:
            self._looked = at
            found = {
                number: [(when, bytes(codes[slot] for slot in self._slots)) for when, codes in each]
                for number, each in found.items()
            }
        return found

    def _named_anew(self, connection: Connection, standing: Standing) -> npt.NDArray[np.int64]:
        """Take in who came; returns who was erased."""
        if standing.named == self._named:
            return np.empty(0, np.int64)
        known, size = len(self._here) - 1, len(standing) + 1
        gone = np.array(customers.nameless(connection, self._sequence, known), np.int64)
        names, here = np.zeros((size, NAME_BYTES), np.uint8), np.zeros(size, np.bool_)
        names[: known + 1], here[: known + 1] = self._names, self._here
        for some in customers.named(connection, known, size - 1):
            called = b"".join([self._sealing.name(key) for _, key in some])
            numbers = [number for number, _ in some]
            names[numbers] = np.frombuffer(called, np.uint8).reshape(-1, NAME_BYTES)
            here[numbers] = True
        self._names, self._here, self._named = names, here, standing.named
        return gone[self._here[gone]]

    def _moved(self, standing: Standing, coming: Ahead, gone: npt.NDArray[np.int64]) -> Moved:
        columns = [standing.codes(slot) for slot in self._slots]
        size = len(self._here)
        touched = np.zeros(size, np.bool_)
        touched[len(self._columns[0]) :] = True
        for old, new in zip(self._columns, columns, strict=True):
            if old is not new:
                touched[: len(old)] |= old != new[: len(old)]
        differs = [n for n in self._ahead.keys() | coming.keys() if self._ahead.get(n) != coming.get(n)]
        touched[differs] = True
        # The erased go by the name that they had, before anybody else may have it.
        removed = self._rows(self._names[gone], np.zeros(len(gone), np.int64), None)
        self._here[gone] = False
        self._names[gone] = 0
        numbers = np.flatnonzero(touched & self._here)
        now = [column[numbers] for column in columns]
        self._columns, self._ahead = columns, coming
        self._sequence, self._version = standing.sequence, standing.version
        later = {number: coming[number] for number in numbers.tolist() if number in coming} if coming else {}
        rows = self._rows(self._names[numbers], np.zeros(len(numbers), np.int64), np.stack(now, axis=1))
        return Moved(removed + rows + self._rows_ahead(later), len(gone) + len(numbers), bool(len(gone)))

    def _rows_ahead(self, ahead: Ahead) -> bytes:
        """Rows of changes for instants to come."""
        each = [(n, at, codes) for n, some in ahead.items() if self._here[n] for at, codes in some]
        if not each:
            return b""
        codes = np.frombuffer(b"".join(codes for _, _, codes in each), np.uint8).reshape(len(each), -1)
        return self._rows(self._names[[n for n, _, _ in each]], np.array([at for _, at, _ in each], np.int64), codes)

    def _rows(self, names: Names, at: npt.NDArray[np.int64], codes: Codes | None) -> bytes:
        """Rows of changes; without codes of nobody any more."""
        if codes is None:
            codes = np.full((len(names), len(self._slots)), UNKNOWN, np.uint8)
        instants = at.astype(">i8").view(np.uint8).reshape(-1, AT_BYTES)
        return np.concatenate([names, instants, codes], axis=1).tobytes()
