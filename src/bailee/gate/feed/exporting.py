"""The gate's side of a feed: everybody's standing for some uses, handed out as files and kept new.

That it is handed out is recorded first, as a question about everybody, and each minute of it as those of a checker are:
before anything of that minute is out. Whom the others asked about is not seen here, so no minute is closed, and each
counts as everybody.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from bailee.decide import Ruling
from bailee.errors import Superseded, WorkspaceError
from bailee.gate.feed import layout, sealed
from bailee.gate.feed.folder import GRACE, Folder
from bailee.gate.feed.layout import Head, Used
from bailee.gate.feed.roll import Moved, Roll
from bailee.gate.feed.sealed import KEY_BYTES, Sealing
from bailee.gate.points import MINUTE, of_minute, same
from bailee.gate.record import ANSWERED, Recorder, described
from bailee.people import key_sources, secret_files
from bailee.people.instants import micros
from bailee.people.standing import Standing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FILE = "feed.key"
LAG, EVERY = 5.0, 1.0
#: A day: whoever looks ahead for longer works out much that comes otherwise.
LONGEST = 86_400.0
#: How soon after a change a head with it is written, and how often it is looked for one.
SOON = 0.05
#: What will change by itself is sent ahead for so long beyond the lag.
_AHEAD = 2 * MINUTE
#: Changes of so large a part of a snapshot make a new one.
_PART = 4
_MANY = 512


@dataclass(frozen=True, slots=True)
class Beat:
    """What one round wrote: its head, of how many customers something changed, and the size of a new snapshot."""

    head: Head
    changed: int
    bytes: int
    snapshot: int | None


@dataclass
class _Minute:
    """The minute that was opened last for a use: its entry, and the codes that it was opened under."""

    minute: datetime
    position: int
    column: npt.NDArray[np.uint8]


class Exporter:
    """A feed that is being handed out; `gate.feed` makes it. Use it in a `with`, and call `beat` often, or `run`.

    `key` says where the feed's key is, which whoever follows needs.
    """

    def __init__(
        self,
        folder: Path,
        key: tuple[bytes, str],
        rulings: Sequence[Ruling],
        recorder: Recorder,
        fresh: Callable[[], Standing],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        version: Sequence[int],
        *,
        lag: float = LAG,
        every: float = EVERY,
    ) -> None:
        _must_fit(lag, every)
        self.lag, self.every, self._version = lag, every, version
        self._rulings, self._recorder, self._clock, self._monotonic = tuple(rulings), recorder, clock, monotonic
        secret, self.key = key
        self._sealing, self._folder = Sealing(secret), Folder(folder, monotonic)
        self._slots = [ruling.slot for ruling in rulings if ruling.slot is not None]
        self._roll = Roll(recorder.database, recorder.promise.compiled, self._sealing, self._slots, fresh)
        self.uses = tuple(_used(ruling) for ruling in rulings)
        self._minutes: dict[int, _Minute] = {}
        self._step = 0
        self._tip = secrets.token_bytes(sealed.DIGEST_BYTES)
        #: The step, digest and size of the newest snapshot, when it was made, and how much has changed since.
        self._base: tuple[int, str, int] | None = None
        self._based, self._since, self._erased = 0.0, 0, False
        #: The ledger's entries that say that the feed was begun.
        self.receipts: tuple[int, ...] = ()

    def __enter__(self) -> Exporter:
        self._folder.__enter__()
        try:
            before = self._folder.before(self._sealing)
        except BaseException:
            self._folder.__exit__(None, None, None)
            raise
        self._step = before.step if before else 0
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._folder.__exit__(kind, error, at)

    @property
    def customers(self) -> int:
        """How many customers the feed has."""
        return self._roll.customers

    def run(self, stop: threading.Event, told: Callable[[Beat], object] = lambda _: None) -> None:
        """Write what is new until it is to stop: every so often, and soon after anybody's standing may have changed.

        The first round is always written, so that there is a feed.
        """
        while True:
            began, seen = self._monotonic(), self._version[0]
            told(self.beat())
            while not stop.wait(SOON):
                if self._monotonic() >= began + self.every or self._version[0] != seen:
                    break
            else:
                return

    def beat(self) -> Beat:
        """Record, then write, what is new, and a head that says so.

        Raises RecordError where it could not be recorded, and WorkspaceError where the folder cannot be written or
        another policy is in force; nothing was handed out then, and whoever follows permits nothing soon.
        """
        try:
            return self._beat(self._clock())
        except BaseException:
            self._base = None  # what moved is not out, so the next round says all
            raise

    def _beat(self, at: datetime) -> Beat:
        standing, moved = self._roll.follow(at, timedelta(seconds=self.lag) + _AHEAD)
        if any(standing.policy != ruling.policy for ruling in self._rulings):
            raise Superseded
        if not self.receipts:
            self.receipts = tuple(self._begun(ruling, standing, at) for ruling in self._rulings)
            self._folder.explain()
        for ruling, slot in zip(self._rulings, self._slots, strict=True):
            self._open(ruling, slot, standing, at)
        size = self._write(moved) if moved.rows or self._base is None else 0
        snapshot = self._snapshot() if self._must_be_new() else None
        head = self._head(standing, at)
        self._folder.put_head(self._sealing.seal(layout.HEAD, head.to_bytes(), secrets.token_bytes))
        self._folder.tidy(self._counted(head))
        return Beat(head, moved.customers, size, snapshot)

    # Recording --------------------------------------------------------------------------------------------------

    def _begun(self, ruling: Ruling, standing: Standing, at: datetime) -> int:
        """Record that everybody's standing for a use is handed out from now on."""
        private = {"question": "feed", "rows": self._roll.customers, "customers": None, "lag_ms": self._lag_ms}
        return self._recorder.use(ruling, ANSWERED, private, at, as_of=at, standing=standing)

    @property
    def _lag_ms(self) -> int:
        return int(self.lag * 1000)

    def _open(self, ruling: Ruling, slot: int, standing: Standing, at: datetime) -> None:
        """Record the minute of a use before anything of it is out, and again where standing has changed for it."""
        minute = at.astimezone(UTC).replace(second=0, microsecond=0)
        column, held = standing.codes(slot), self._minutes.get(slot)
        goes_on = held is not None and held.minute == minute
        if held is not None and goes_on and same(held.column, column):
            held.column = column
            return
        public: Mapping[str, object] = {
            **of_minute(self._recorder, ruling, minute, standing),
            "continues": held.position if held is not None and goes_on else None,
        }
        private = {**described(ruling), "feed": True, "lag_ms": self._lag_ms}
        self._minutes[slot] = _Minute(minute, self._recorder.append("points_opened", public, private, at), column)

    # Writing ----------------------------------------------------------------------------------------------------

    def _write(self, moved: Moved) -> int:
        """Write the changes of a step, unless a snapshot with them is less; returns their size."""
        self._step += 1
        self._erased |= moved.erased
        file = self._sealed(
            layout.changes_name(self._step), layout.changes_to_bytes(self._step, len(self.uses), moved.rows)
        )
        self._tip = sealed.chained(self._tip, file)
        self._since += len(file)
        if self._base is not None and not self._is_much():
            self._folder.put(layout.changes_name(self._step), file)
            return len(file)
        return 0

    def _is_much(self) -> bool:
        return self._base is not None and (
            self._since > max(self._base[2] // _PART, 1 << 16) or self._step - self._base[0] > _MANY
        )

    def _must_be_new(self) -> bool:
        """Whether there is to be a snapshot: the first, after much, or soon after an erasure."""
        if self._base is None or self._is_much():
            return True
        return self._erased and self._monotonic() >= self._based + GRACE

    def _snapshot(self) -> int:
        data = self._roll.snapshot(self.uses, self._tip.hex()).to_bytes()
        file = self._sealed(layout.snapshot_name(self._step), data)
        self._folder.put(layout.snapshot_name(self._step), file)
        self._base = (self._step, sealed.digest(file).hex(), len(file))
        self._based, self._since, self._erased = self._monotonic(), 0, False
        return len(file)

    def _sealed(self, name: str, data: bytes) -> bytes:
        return self._sealing.seal(name, data, secrets.token_bytes)

    def _head(self, standing: Standing, at: datetime) -> Head:
        if self._base is None:
            raise WorkspaceError("the feed has no snapshot yet")
        step, base, size = self._base
        return Head(
            made=micros(at),
            lag=self.lag,
            every=self.every,
            step=self._step,
            snapshot=step,
            base=base,
            size=size,
            tip=self._tip.hex(),
            sequence=standing.sequence,
            policy=standing.policy or "",
        )

    def _counted(self, head: Head) -> set[str]:
        steps = range(head.snapshot + 1, head.step + 1)
        return {layout.snapshot_name(head.snapshot), *map(layout.changes_name, steps)}


def feed_key(folder: Path, source: str) -> tuple[bytes, str]:
    """The secret of a workspace's feeds, and where it is, in words; a file that is missing is made with a fresh one."""
    path = folder / FILE
    if source == key_sources.FILE and not path.exists():
        secret_files.make(path, sealed.written(secrets.token_bytes(KEY_BYTES)))
    where = key_sources.spoken(source, path)
    return sealed.read_key(key_sources.secret(source, path), where), where


def _used(ruling: Ruling) -> Used:
    use = ruling.use
    return Used(use.purpose, None if use.effect is None else str(use.effect), use.recipient, ruling.line)


def _must_fit(lag: float, every: float) -> None:
    if not SOON <= every <= LONGEST:
        raise WorkspaceError(f"a feed every {every:g} s cannot be, expected from {SOON:g} to {LONGEST:,.0f} seconds")
    if not 2 * every <= lag <= LONGEST:
        raise WorkspaceError(
            f"a lag of {lag:g} s is not enough for word every {every:g} s: expected from {2 * every:g} s, so that "
            "one late word stops nobody, to a day"
        )
