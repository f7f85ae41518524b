"""The shop's side of a feed: points decided in its own process, from files in a folder or on a web server.

It needs neither the store nor the ledger, and trusts neither the server nor the line: what was altered, belongs to
another feed or is older than what it had is refused. Whoever has had no word for longer than the lag permits nothing.
"""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from bailee.errors import BaileeError, NotVerified, WorkspaceError
from bailee.gate.feed import layout, sealed
from bailee.gate.feed.layout import Head, Snapshot
from bailee.gate.feed.sealed import Sealing
from bailee.gate.feed.table import Table, Use, too_old, verdicts
from bailee.vocabulary import Verdict

#: By so many seconds this machine's clock may be behind the gate's; more is said, and nothing is permitted.
SKEW = 1.0
LAG = 5.0
#: Nanoseconds a second, as clocks count, and a microsecond, as the feed does.
_SECOND, _MICRO = 1_000_000_000, 1_000
#: An instant that is over, and no instant at all.
_OVER = -1
_FASTEST, _SLOWEST = 0.02, 1.0
_PATIENCE = 10.0
#: So many changes are fetched one by one; whoever is further behind takes the snapshot.
_FEW = 64
#: Goes on while the machine sleeps, where the system has such a clock.
_ticking: Callable[[], int] = (
    partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic_ns
)

Source = Callable[[str], bytes]
_EMPTY = Snapshot((), "", 0, b"\0", b"", (), b"")


class FeedChecker(NamedTuple):
    """`may` takes the company's key of a customer and gives a verdict, as a gate's checker does.

    What is no text counts as its text. `check(key)` is `check.may(key)`, a step slower. `close` has nothing to do here,
    so that one kind of checker can take the other's place.
    """

    may: Callable[[object], Verdict]
    close: Callable[[], None]

    def __call__(self, key: object, /) -> Verdict:
        return self.may(key)


class Feed:
    """Everybody's standing for some uses, as a gate hands it out; safe for threads. `bailee.follow` makes it.

    A thread reads what is new. Close it, or use it in a `with`: whoever asks later is permitted nothing.
    """

    def __init__(
        self,
        read: Callable[[Callable[[str], int]], Source],
        sealing: Sealing,
        max_lag: float,
        wall: Callable[[], int],
        clock: Callable[[], int],
    ) -> None:
        self._sealing, self._max_lag, self._wall, self._clock = sealing, max_lag, wall, clock
        self._read = read(self._most)
        self._stale = too_old(max_lag)
        self._changing, self._stopping = threading.Lock(), threading.Event()
        self._head: Head | None = None
        self._seen: bytes | None = None
        self._loading, self._anew = 0, True
        #: When the newest head was read by our own clock, and what time it was then, in microseconds since 1970.
        self._read_at, self._then = 0, 0
        self._stale_at = _OVER
        self._problem: str | None = None
        #: What a checker compares with its clock, and what it reads until then.
        self.deadline, self.table = _OVER, Table(_EMPTY, -1, sealing.naming)
        self._poll()

    def __enter__(self) -> Feed:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Read no more; whoever asks from now on is permitted nothing."""
        self._stopping.set()
        with self._changing:
            self._stale_at = self.deadline = _OVER

    # Points -----------------------------------------------------------------------------------------------------

    def may(
        self, purpose: str, *, customer: object, effect: str | None = None, recipient: str | None = None
    ) -> Verdict:
        """May this customer's data be used so, now? WorkspaceError for a use that the feed does not hand out."""
        return self.checker(purpose, effect=effect, recipient=recipient).may(customer)

    def checker(self, purpose: str, *, effect: str | None = None, recipient: str | None = None) -> FeedChecker:
        """A look-up for one use: called with a key it gives a verdict; WorkspaceError as of `may`."""
        use: Use = (purpose, None if effect is None else str(effect), recipient)
        if use not in self.table.uses:
            handed = ", ".join(f"`{_told(each)}`" for each in self.table.uses)
            raise WorkspaceError(f"the feed does not hand out `{_told(use)}`, only {handed}; export it too")
        clock = self._clock
        #: The table, and from it the codes and verdicts of this use; read and replaced as one.
        held: tuple[Table, bytearray, tuple[Verdict, ...]] = (self.table, *_column(self.table, use, self._stale))

        def may(key: object, /) -> Verdict:
            nonlocal held
            if clock() >= self.deadline and not self._fresh():
                return self._stale
            table, codes, each = held
            if table is not self.table:
                table = self.table
                held = table, codes, each = (table, *_column(table, use, self._stale))
            text: str = key if key.__class__ is str else str(key)
            row = table.lately.get(text)
            return each[codes[table.look_up(text) if row is None else row]]

        return FeedChecker(may, _nothing)

    @property
    def uses(self) -> tuple[Use, ...]:
        """The purpose, effect and recipient of every use that is handed out."""
        return tuple(self.table.uses)

    # How it stands ----------------------------------------------------------------------------------------------

    @property
    def age(self) -> float:
        """For how many seconds nothing newer than what is known here is known to have held."""
        with self._changing:
            return math.inf if self._head is None else (self._now() - self._head.made) * _MICRO / _SECOND

    @property
    def stale(self) -> bool:
        """Whether the newest word is too old, so that nothing is permitted."""
        return self._clock() >= self.deadline and not self._fresh()

    @property
    def problem(self) -> str | None:
        """What went wrong when the feed was read last, or why nothing is permitted; None where all is well."""
        if self._problem is None and self.stale:
            return f"no new word from the feed for {self.age:.1f} s; see that it is exported, and this machine's clock"
        return self._problem

    def __len__(self) -> int:
        """How many customers the feed has."""
        return len(self.table)

    def _fresh(self) -> bool:
        """Put in force what time changed; False where nothing may be answered any more."""
        with self._changing:
            if self._clock() >= self._stale_at:
                return False
            self.table.pass_time(self._now())
            self._set_deadline()
            return True

    def _now(self) -> int:
        """The time, in microseconds since 1970: the later of our clock and the gate's when word came, and on."""
        return self._then + (self._clock() - self._read_at) // _MICRO

    def _set_deadline(self) -> None:
        self.deadline = min(self._stale_at, self._read_at + (self.table.next - self._then) * _MICRO)

    # Reading ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Read what is new on a thread of its own."""
        threading.Thread(target=self._keep_reading, name="bailee-feed", daemon=True).start()

    def forked(self) -> None:
        """Begin anew in a process that was forked, which has no threads and maybe a change half made."""
        self._changing = threading.Lock()
        self._seen, self._anew, self._stale_at, self.deadline = None, True, _OVER, _OVER
        if not self._stopping.is_set():
            self.start()

    def _keep_reading(self) -> None:
        pause = 0.0 if self._anew else self._pause()
        while not self._stopping.wait(pause):
            try:
                self._poll()
                self._problem = None
            except LookupError as error:
                self._problem = f"there is no `{error.args[0]}` where the feed should be"
            except BaileeError as error:
                self._problem = str(error)
            except Exception as error:  # whatever it is: nothing new was read, and the lag runs out
                self._problem = f"the feed could not be read: {type(error).__name__}"
            pause = self._pause()

    def _pause(self) -> float:
        if self._head is None:
            return _SLOWEST
        return min(max(min(self._head.every / 2, self._max_lag / 8), _FASTEST), _SLOWEST)

    def _poll(self) -> None:
        """Read the head, and what it counts that is not here yet; raises LookupError and NotVerified."""
        at, wall = self._clock(), self._wall() // _MICRO
        found = self._read(layout.HEAD)
        if found == self._seen:
            return
        head = Head.of(self._sealing.open(layout.HEAD, found))
        known = self._head
        if known is not None and (head.made < known.made or head.sequence < known.sequence):
            raise NotVerified("an older head of the feed came than the one before; see who serves it")
        behind = (head.made - wall) * _MICRO / _SECOND
        if behind > SKEW:
            raise NotVerified(f"this machine's clock is {behind:.1f} s behind the gate's; set one of them right")
        table = self._followed(head)
        with self._changing:
            if self._stopping.is_set():
                return
            self._head, self._seen, self.table = head, found, table
            self._read_at, self._then = at, max(wall, head.made)
            lag = min(self._max_lag, head.lag)
            self._stale = too_old(lag)
            self._stale_at = at + int(lag * _SECOND) - (self._then - head.made) * _MICRO
            table.pass_time(self._now())
            self._set_deadline()

    def _followed(self, head: Head) -> Table:
        """A table at the step of a head: ours, changed, or one from the snapshot."""
        behind = head.step - self.table.step
        if not self._anew and behind >= 0 and (behind <= _FEW or head.snapshot <= self.table.step):
            # What we lack may be in the snapshot by now, and who exports may have begun anew.
            with suppress(LookupError, NotVerified):
                return self._changed(self.table, head)
        self._loading = head.size
        file = self._read(layout.snapshot_name(head.snapshot))
        if sealed.digest(file).hex() != head.base:
            raise NotVerified("the snapshot of the feed is not the one that its head names")
        data = Snapshot.of(self._sealing.open(layout.snapshot_name(head.snapshot), file))
        table = self._changed(Table(data, head.snapshot, self._sealing.naming), head)
        self._anew = False
        return table

    def _changed(self, table: Table, head: Head) -> Table:
        """A table after all changes up to a head's; nothing is changed before all are here and lead to its tip."""
        tip, each = table.tip, []
        for step in range(table.step + 1, head.step + 1):
            path = layout.changes_name(step)
            file = self._read(path)
            tip = sealed.chained(tip, file)
            each.append(layout.changes_of(self._sealing.open(path, file), len(table.uses)))
        if tip.hex() != head.tip:
            raise NotVerified("the changes of the feed do not lead to its head")
        with self._changing:
            for rows in each:
                table.change(table.step + 1, tip, rows)
            table.pass_time(self._now())  # at once: a row may say again what time has changed since
        return table

    def _most(self, path: str) -> int:
        """How long a file of the feed may be."""
        if path == layout.HEAD:
            return layout.LONGEST_HEAD
        return self._loading if path.startswith("snapshot") else layout.LONGEST_CHANGES


_feeds: weakref.WeakSet[Feed] = weakref.WeakSet()


def _forked() -> None:
    for feed in list(_feeds):
        feed.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def follow(
    where: str | os.PathLike[str],
    *,
    key: str | os.PathLike[str],
    max_lag: float = LAG,
    wall: Callable[[], int] = time.time_ns,
    clock: Callable[[], int] = _ticking,
) -> Feed:
    """Follow the feed in a folder or under a URL, and decide points from it; it is read before this returns.

    `key` is the file of the feed's key, or `env:NAME`. Whatever a gate acknowledged more than `max_lag` seconds ago (or
    fewer, if the feed says so) is honoured; without word for so long, every verdict is a refusal (`stale`).
    The machine's clock is to be right; `wall` and `clock` count nanoseconds. Raises NotVerified where there is no feed
    of this key, and WorkspaceError for a key that is none.
    """
    if not 0 < max_lag < math.inf:
        raise WorkspaceError(f"`max_lag` is {max_lag!r}, expected a number of seconds above 0")
    sealing, place = Sealing(sealed.find_key(key)), os.fspath(where)

    def read(most: Callable[[str], int]) -> Source:
        from bailee.ledger.verify_source import Folder, Web

        if "://" in place:
            return Web(place, most, tries=1, patience=_PATIENCE, called="a feed")
        return Folder(Path(place), most)

    try:
        feed = Feed(read, sealing, max_lag, wall, clock)
    except LookupError as error:
        raise NotVerified(f"`{place}` has no feed: `{error.args[0]}` is missing; see that it is exported") from None
    feed.start()
    _feeds.add(feed)
    return feed


def _column(table: Table, use: Use, stale: Verdict) -> tuple[bytearray, tuple[Verdict, ...]]:
    """The codes and verdicts of a use in a table; a use that is no longer handed out permits nothing."""
    found = table.uses.get(use)
    if found is None:
        _, codes = next(iter(table.uses.values()))
        return codes, (stale,) * 256
    used, codes = found
    return codes, verdicts(used, stale)


def _told(use: Use) -> str:
    purpose, effect, recipient = use
    return f"{purpose}{f' {effect}' if effect else ''}{f' to {recipient}' if recipient else ''}"


def _nothing() -> None:
    pass
