"""Points: may this customer's data be used so? One at a time, or millions through a checker; both recorded.

A checker's verdicts are recorded by the minute: a leaf before the first, and one after with the root over the set of
customers that it was asked about. A minute that was never closed counts as everybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import NamedTuple

from bailee.decide import Ruling
from bailee.decide.points import Checker, State, checker, codes_of, verdicts_of
from bailee.errors import BaileeError, RecordError, Refused
from bailee.gate import asked
from bailee.gate.answer import StandingRow
from bailee.gate.record import ANSWERED, REFUSED, Recorder, described, standing_of
from bailee.people import customers
from bailee.people.standing import Standing, untils
from bailee.policy.reasons import STANDING, STANDING_CODES, standing_reason
from bailee.vocabulary import Verdict

MINUTE = timedelta(minutes=1)
UNKNOWN = STANDING_CODES.index("unknown_customer")


class _Opened(NamedTuple):
    """What the opening leaf of a state said."""

    position: int
    public: Mapping[str, object]


class Minutes:
    """Gives a checker its states and records them; see `decide.points.Source`.

    `fresh` gives the newest standing, `numbers` the customers' numbers in it, `clock` aware UTC time, `monotonic` the
    checker's own clock in seconds.
    """

    def __init__(
        self,
        ruling: Ruling,
        recorder: Recorder,
        fresh: Callable[[], Standing],
        numbers: Callable[[Standing], Mapping[str, int]],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        version: Sequence[int],
        longest: timedelta = MINUTE,
    ) -> None:
        self.ruling, self.recorder, self.fresh, self.numbers = ruling, recorder, fresh, numbers
        self.clock, self.monotonic, self.version, self.longest = clock, monotonic, version, longest
        #: By the identity of `seen`, and how many states share it.
        self._opened: dict[int, _Opened] = {}
        self._shared: Counter[int] = Counter()
        self._last: tuple[State, Standing, datetime] | None = None
        self._sharing = Lock()

    def open(self) -> State:
        """A state good for the rest of this minute, or until somebody's standing changes by itself.

        Where `longest` is shorter, one that looks again finds the same standing and goes on with the last one's leaf.
        """
        version = self.version[0]
        began, now = self.monotonic(), self.clock()
        standing = self.fresh()
        minute = now.replace(second=0, microsecond=0)
        ends = min(minute + MINUTE, now + self.longest, standing.next_change or datetime.max.replace(tzinfo=UTC))
        deadline = began + max((ends - now).total_seconds(), 0.0)
        again = self._again(standing, minute)
        if again is not None:
            return again._replace(deadline=deadline, version=version)
        codes = self._codes(standing)
        seen = bytearray(len(codes))
        public = self._leaf(minute, standing)
        position = self.recorder.append("points_opened", public, described(self.ruling), now)
        self._opened[id(seen)] = _Opened(position, public)
        state = State(self.numbers(standing), codes, verdicts_of(self.ruling), seen, deadline, version)
        self._last = (state, standing, minute)
        return state

    def _again(self, standing: Standing, minute: datetime) -> State | None:
        """The last state, for one more, if it is of this minute and nobody's standing differs since."""
        with self._sharing:
            if self.longest >= MINUTE or self._last is None:
                return None
            state, before, of = self._last
            if of != minute or before.version != standing.version or before.policy != standing.policy:
                return None
            self._shared[id(state.seen)] += 1
            return state

    def close(self, state: State) -> None:
        """Record the set of customers whose verdicts were given from a state, once none shares it."""
        with self._sharing:
            if self._shared[id(state.seen)]:
                self._shared[id(state.seen)] -= 1
                return
            opened = self._opened.pop(id(state.seen))
            self._shared.pop(id(state.seen), None)
            if self._last is not None and self._last[0].seen is state.seen:
                self._last = None
        salt = self.recorder.random(32)
        root, private = asked.kept(state.seen, salt)
        public = {**opened.public, "opened": opened.position, "customers": root.hex()}
        self.recorder.append("points_closed", public, private, self.clock())

    def _codes(self, standing: Standing) -> bytes:
        if self.ruling.slot is None:
            return bytes([1])
        column = standing.codes(self.ruling.slot)
        import numpy as np

        return codes_of(np.arange(1, len(column)), column[1:])

    def _leaf(self, minute: datetime, standing: Standing) -> dict[str, object]:
        if self.ruling.purpose is None:
            raise RecordError("verdicts for a purpose that is not in the policy are not recorded by the minute")
        return {
            **self.recorder.named(self.ruling),
            "minute": minute,
            "policy": self.ruling.policy,
            **standing_of(standing),
        }


class Points:
    """Verdicts on customers, one by one, by the million, and on everybody."""

    def __init__(
        self,
        recorder: Recorder,
        fresh: Callable[[], Standing],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        version: Sequence[int],
        longest: timedelta = MINUTE,
    ) -> None:
        self._recorder, self._fresh, self._clock, self._monotonic = recorder, fresh, clock, monotonic
        self._version, self._longest = version, longest
        self._checkers: set[Callable[[], None]] = set()
        self._numbered: tuple[int | None, Mapping[str, int]] = (None, {})

    def close(self) -> None:
        """Record the last minute of every checker; the first error is raised when all have been tried."""
        errors = []
        for close in list(self._checkers):
            try:
                close()
            except BaileeError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def may(self, ruling: Ruling, customer: str) -> Verdict:
        """One verdict, recorded."""
        at, private = self._clock(), {"customer": customer}
        about = self._recorder.numbers([customer])  # before standing, which then has them
        if not ruling.permitted or ruling.slot is None:
            self._recorder.use(ruling, REFUSED, private, at, subjects=about)
            return Verdict(False, ruling.reasons)
        standing = self._fresh()
        code = standing.codes(ruling.slot)[about[0]] if about else UNKNOWN
        verdict = verdicts_of(ruling)[code]
        decision = ANSWERED if verdict else REFUSED
        said = {**private, "verdict": verdict.reasons[0].code}
        self._recorder.use(ruling, decision, said, at, as_of=at, standing=standing, subjects=about)
        return verdict

    def checker(self, ruling: Ruling) -> Checker:
        """A compiled checker; Refused, and recorded, for a use that the policy refuses."""
        self._permit(ruling, {"question": "checker"})
        source = Minutes(
            ruling,
            self._recorder,
            self._fresh,
            self._numbers,
            self._clock,
            self._monotonic,
            self._version,
            self._longest,
        )
        made = checker(source, self._version, self._monotonic)

        def close() -> None:
            self._checkers.discard(close)
            made.close()

        self._checkers.add(close)
        return Checker(made.may, close)

    def everybody(self, ruling: Ruling) -> tuple[StandingRow, ...]:
        """Everybody's standing, recorded as a question about everybody; raises Refused."""
        slot = self._permit(ruling, {"question": "standing"})
        at, (standing, times) = self._clock(), self._until_when()
        reasons = [standing_reason(code, ruling.use.purpose, ruling.line) for code in range(len(STANDING))]
        codes = standing.codes(slot).tolist()
        with self._recorder.database.read() as connection:
            keys = customers.keys(connection, range(1, len(codes)))
        each = zip(keys, codes[1:], times[1:], strict=True)
        # The erased have no key any more.
        rows = tuple(StandingRow(key, code == 0, reasons[code], until) for key, code, until in each if key is not None)
        private = {"question": "standing", "rows": len(rows), "customers": None}
        self._recorder.use(ruling, ANSWERED, private, at, as_of=at, standing=standing)
        return rows

    def _until_when(self) -> tuple[Standing, Sequence[datetime | None]]:
        """Everybody's standing, and until when each one's holds."""
        while True:
            standing = self._fresh()
            with self._recorder.database.read() as connection:
                found = untils(connection, standing)
            if found is not None:
                return standing, found

    def _numbers(self, standing: Standing) -> Mapping[str, int]:
        """Everybody's number by key, read again only when somebody came or was erased."""
        named, numbers = self._numbered
        if named != standing.named:
            with self._recorder.database.read() as connection:
                # Whoever came after the snapshot has no code in it.
                numbers = customers.numbers(connection, len(standing))
            self._numbered = (standing.named, numbers)
        return numbers

    def _permit(self, ruling: Ruling, private: dict[str, object]) -> int:
        """The slot of a permitted use; raises Refused, recorded, for any other."""
        if ruling.permitted and ruling.slot is not None:
            return ruling.slot
        error = Refused(ruling.reasons)
        error.receipt = self._recorder.use(ruling, REFUSED, private, self._clock())
        raise error
