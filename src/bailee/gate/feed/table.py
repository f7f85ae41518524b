"""Everybody's codes as one process holds them: found by name, and changed in place while others read."""

from __future__ import annotations

from array import array
from hashlib import blake2b
from itertools import accumulate

from bailee.gate.feed import layout
from bailee.gate.feed.layout import UNKNOWN, Snapshot, rows_of
from bailee.gate.feed.sealed import NAME_BYTES
from bailee.policy.reasons import STANDING, ruling_reason, standing_reason
from bailee.vocabulary import Verdict

Use = tuple[str, str | None, str | None]

_NEVER = 1 << 63
_NOBODY = bytes(NAME_BYTES)
_LATELY = 65_536


class Table:
    """One snapshot and the changes since; one thread changes it, any may read it.

    Row 0 is whoever is unknown. `step` and `tip` say up to where it followed, and `next` is the first instant at which
    a code changes although nobody sends word.
    """

    def __init__(self, snapshot: Snapshot, step: int, naming: bytes) -> None:
        self.step, self.tip = step, bytes.fromhex(snapshot.tip)
        self.next = _NEVER
        #: The rows of those who were asked about lately, by the company's key: most are asked about again soon.
        self.lately: dict[str, int] = {}
        self._naming = blake2b(key=naming, digest_size=NAME_BYTES)
        self._names, self._shift = bytearray(snapshot.names), 32 - snapshot.bits
        self._starts = array("I", accumulate(snapshot.counts, initial=0))
        #: The rows of those who came after the snapshot.
        self._later: dict[bytes, int] = {}
        self._ahead: dict[bytes, list[tuple[int, bytes]]] = {}
        unknown = bytes([UNKNOWN])
        self._columns = [bytearray(unknown + column) for column in snapshot.columns]
        self.uses = {used.use: (used, column) for used, column in zip(snapshot.uses, self._columns, strict=True)}
        self._take(snapshot.ahead)

    def __len__(self) -> int:
        """How many customers there are; the erased count until the next snapshot."""
        return len(self._columns[0]) - 1

    def look_up(self, key: str) -> int:
        """The row of the customer with this key, or 0."""
        lately = self.lately  # before looking: who came or went since is not in this one
        hashed = self._naming.copy()
        try:
            hashed.update(key.encode())
        except UnicodeEncodeError:  # half a surrogate pair is in no key on record
            return 0
        row = self.find(hashed.digest())
        if len(lately) >= _LATELY:
            self.lately = {}  # and not with this row, which may be gone by now
        elif row:
            lately[key] = row
        return row

    def find(self, name: bytes) -> int:
        """The row of a customer by name, or 0."""
        bucket = int.from_bytes(name[:4], "big") >> self._shift
        low, high = self._starts[bucket] * NAME_BYTES, self._starts[bucket + 1] * NAME_BYTES
        found = self._names.find(name, low, high)
        while found % NAME_BYTES and found >= 0:  # between two rows
            found = self._names.find(name, found + 1, high)
        return self._later.get(name, 0) if found < 0 else found // NAME_BYTES + 1

    def change(self, step: int, tip: bytes, rows: bytes) -> None:
        """Follow to the next step."""
        self._take(rows)
        self.step, self.tip = step, tip

    def pass_time(self, now: int) -> None:
        """Put in force what was sent ahead for instants up to this one."""
        if now < self.next:
            return
        for name, coming in list(self._ahead.items()):
            while coming and coming[0][0] <= now:
                self._put(name, coming.pop(0)[1])
            if not coming:
                del self._ahead[name]
        self._look_ahead()

    def _take(self, rows: bytes) -> None:
        for name, at, codes in rows_of(rows, len(self._columns)):
            if at:
                self._ahead.setdefault(name, []).append((at, codes))
            else:
                self._ahead.pop(name, None)
                self._put(name, codes)
        self._look_ahead()

    def _look_ahead(self) -> None:
        self.next = min((coming[0][0] for coming in self._ahead.values()), default=_NEVER)

    def _put(self, name: bytes, codes: bytes) -> None:
        row = self.find(name)
        if not row:
            row = len(self._columns[0])
            for column in self._columns:
                column.append(UNKNOWN)
            self._later[name] = row
            self.lately = {}
        for column, code in zip(self._columns, codes, strict=True):
            column[row] = code
        if codes.count(UNKNOWN) == len(codes):
            self._forget(name, row)

    def _forget(self, name: bytes, row: int) -> None:
        """Overwrite the name of somebody who was erased."""
        if self._later.pop(name, None) is None:
            self._names[(row - 1) * NAME_BYTES : row * NAME_BYTES] = _NOBODY
        self.lately = {}


def verdicts(used: layout.Used, stale: Verdict) -> tuple[Verdict, ...]:
    """The verdict for each byte of standing; a code that this version does not know permits nothing."""
    reasons = [standing_reason(code, used.purpose, used.line) for code in range(len(STANDING))]
    known = [Verdict(code == 0, (reason,)) for code, reason in enumerate(reasons)]
    return (*known, *[stale] * (256 - len(known)))


def too_old(lag: float) -> Verdict:
    """The verdict of whoever has had no word for too long."""
    return Verdict(False, (ruling_reason("stale", None, lag=f"{lag:g}"),))
