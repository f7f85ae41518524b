"""Points: may this customer's data be used so? One at a time, or millions through a checker; both recorded.

A checker's verdicts are recorded by the minute: a leaf before the first, another whenever standing in its purpose has
changed, and one after the last with the root over the set of customers that it was asked about. A minute that was never
closed counts as everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from bailee.decide import Ruling
from bailee.decide.points import Checker, State, checker, codes_of, verdicts_of
from bailee.errors import BaileeError, RecordError, Refused, Superseded
from bailee.gate import asked
from bailee.gate.answer import StandingRow
from bailee.gate.recent import Recent, Seen
from bailee.gate.record import ANSWERED, REFUSED, Recorder, described, standing_of
from bailee.people import customers
from bailee.people.standing import Standing, untils
from bailee.policy.reasons import STANDING, STANDING_CODES, standing_reason
from bailee.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MINUTE = timedelta(minutes=1)
#: A set of so many customers is recorded at once, in some 50 ms; a larger one on a thread of its own.
AT_ONCE = 65_536
TRIES = 3
UNKNOWN = STANDING_CODES.index("unknown_customer")


@dataclass(eq=False)
class _Minute:
    """The set of a minute, its newest opening entry, and how many states give verdicts into it.

    `column` is the standing that the entry was opened under, in the checker's slot: where it is the same, so is every
    verdict.
    """

    minute: datetime
    position: int
    public: Mapping[str, object]
    column: npt.NDArray[np.uint8] | None
    codes: bytes
    seen: bytearray
    states: int = 1


class Minutes:
    """Gives a checker its states and records them; see `decide.points.Source`.

    `rule` rules on the use again, because another version of the policy may be in force, for which it asks the store
    where it is told to. `recent` gives the newest standing, `numbers` the customers' numbers in it, `clock` aware UTC
    time, `monotonic` the checker's own clock in seconds. `later` runs what takes long on a thread of its own. For
    `longest` at most, what was acknowledged on another machine may be missed.
    """

    def __init__(
        self,
        ruling: Ruling,
        rule: Callable[[bool], Ruling],
        recorder: Recorder,
        recent: Callable[[str], Seen],
        numbers: Callable[[Standing], Mapping[str, int]],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        later: Callable[[Callable[[], None]], Future[None]],
        longest: timedelta = MINUTE,
    ) -> None:
        self.ruling, self.recorder, self.recent, self.numbers = ruling, recorder, recent, numbers
        self.rule = rule
        self.clock, self.monotonic, self.longest = clock, monotonic, longest
        self.later = later
        self._minutes: dict[int, _Minute] = {}  # by the identity of `seen`
        self._last: _Minute | None = None
        self._sharing = Lock()
        self._closing: list[Future[None]] = []

    def open(self) -> State:
        """A state good for the rest of this minute, or until anybody's standing may have changed.

        One more of the same minute goes on with its set: with its entry too where standing is the same in its slot,
        else after an entry that continues it. Under another version of the policy it begins anew. Refused where that
        refuses the use.
        """
        self.settle(wait=False)
        for surely in (False, *[True] * (TRIES - 2)):
            try:
                return self._open(self.rule(surely))
            except Superseded:
                continue
        return self._open(self.rule(True))

    def _open(self, ruling: Ruling) -> State:
        if not ruling.permitted:
            raise Refused(ruling.reasons)
        self.ruling = ruling
        began, now = self.monotonic(), self.clock()
        standing, version, read = self.recent(ruling.policy)
        minute = now.replace(second=0, microsecond=0)
        ends = min(minute + MINUTE, standing.next_change or datetime.max.replace(tzinfo=UTC))
        deadline = min(began + max((ends - now).total_seconds(), 0.0), read + self.longest.total_seconds())
        column = None if self.ruling.slot is None else standing.codes(self.ruling.slot)
        held = self._join(minute, column)
        try:
            if held is None:
                held = self._begin(minute, standing, column, now)
            elif not same(held.column, column):
                self._continue(held, standing, column, now)
        except BaseException:
            if held is not None:
                self._leave(held)
            raise
        return State(self.numbers(standing), held.codes, verdicts_of(self.ruling), held.seen, deadline, version)

    def close(self, state: State) -> None:
        """Let go of a state; with the last one of a minute, its set is recorded."""
        self._leave(self._minutes[id(state.seen)])

    def settle(self, *, wait: bool = True) -> None:
        """Raise what went wrong with a set that was recorded since; with `wait`, once all are."""
        pending = [each for each in self._closing if wait or each.done()]
        self._closing = [each for each in self._closing if each not in pending]
        for each in pending:
            each.result()

    def _join(self, minute: datetime, column: npt.NDArray[np.uint8] | None) -> _Minute | None:
        """The minute that goes on, if it is of this one and of as many customers; it has one more state then."""
        with self._sharing:
            last = self._last
            if last is None or last.minute != minute or len(last.seen) != (1 if column is None else len(column)):
                return None
            if last.public["policy"] != self.ruling.policy:
                return None
            last.states += 1
            return last

    def _begin(
        self, minute: datetime, standing: Standing, column: npt.NDArray[np.uint8] | None, now: datetime
    ) -> _Minute:
        public, codes = of_minute(self.recorder, self.ruling, minute, standing), self._codes(column)
        position = self._opened({**public, "continues": None}, now)
        begun = _Minute(minute, position, public, column, codes, bytearray(len(codes)))
        with self._sharing:
            self._last = self._minutes[id(begun.seen)] = begun
        return begun

    def _continue(self, held: _Minute, standing: Standing, column: npt.NDArray[np.uint8] | None, now: datetime) -> None:
        public, codes = of_minute(self.recorder, self.ruling, held.minute, standing), self._codes(column)
        held.position = self._opened({**public, "continues": held.position}, now)
        held.public, held.column, held.codes = public, column, codes

    def _opened(self, public: Mapping[str, object], now: datetime) -> int:
        return self.recorder.append("points_opened", public, described(self.ruling), now)

    def _leave(self, held: _Minute) -> None:
        with self._sharing:
            held.states -= 1
            if held.states:
                return
            del self._minutes[id(held.seen)]
            if self._last is held:
                self._last = None
        if len(held.seen) <= AT_ONCE:
            self._record(held)
        else:
            self._closing.append(self.later(lambda: self._record(held)))

    def _record(self, held: _Minute) -> None:
        """Record whom a minute was asked about."""
        root, private = asked.kept(held.seen, self.recorder.random(32))
        public = {**held.public, "opened": held.position, "customers": root.hex()}
        self.recorder.append("points_closed", public, private, self.clock())

    def _codes(self, column: npt.NDArray[np.uint8] | None) -> bytes:
        if column is None:
            return bytes([1])
        import numpy as np

        return codes_of(np.arange(1, len(column)), column[1:])


def of_minute(recorder: Recorder, ruling: Ruling, minute: datetime, standing: Standing) -> dict[str, object]:
    """What an entry shows of a minute of verdicts."""
    if ruling.purpose is None:
        raise RecordError("verdicts for a purpose that is not in the policy are not recorded by the minute")
    return {**recorder.named(ruling), "minute": minute, "policy": ruling.policy, **standing_of(standing)}


def same(before: npt.NDArray[np.uint8] | None, now: npt.NDArray[np.uint8] | None) -> bool:
    """Whether everybody's codes are the same in both."""
    # The board keeps a column as long as nobody's code in it differs.
    if before is None or now is None or before is now:
        return before is now
    return len(before) == len(now) and bool((before == now).all())


class Points:
    """Verdicts on customers, one by one, by the million, and on everybody."""

    def __init__(
        self,
        recorder: Recorder,
        fresh: Callable[[str], Standing],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        version: Sequence[int],
        longest: timedelta = MINUTE,
    ) -> None:
        self._recorder, self._fresh, self._clock, self._monotonic = recorder, fresh, clock, monotonic
        self._version, self._longest = version, longest
        # Where a checker reads but once a minute, there is nothing to save.
        self._recent = Recent(fresh, clock, monotonic, version, longest.total_seconds() if longest < MINUTE else 0.0)
        self._checkers: set[Callable[[], None]] = set()
        self._numbered: tuple[int | None, Mapping[str, int]] = (None, {})
        self._closer: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """Record the last minute of every checker; the first error is raised when all have been tried."""
        errors = []
        for close in list(self._checkers):
            try:
                close()
            except BaileeError as error:
                errors.append(error)
        if self._closer is not None:
            self._closer.shutdown()
        if errors:
            raise errors[0]

    def may(self, ruling: Ruling, customer: str) -> Verdict:
        """One verdict, recorded."""
        at, private = self._clock(), {"customer": customer}
        about = self._recorder.numbers([customer])  # before standing, which then has them
        if not ruling.permitted or ruling.slot is None:
            self._recorder.use(ruling, REFUSED, private, at, subjects=about, some=True)
            return Verdict(False, ruling.reasons)
        standing = self._fresh(ruling.policy)
        code = standing.codes(ruling.slot)[about[0]] if about else UNKNOWN
        verdict = verdicts_of(ruling)[code]
        decision = ANSWERED if verdict else REFUSED
        said = {**private, "verdict": verdict.reasons[0].code}
        self._recorder.use(ruling, decision, said, at, as_of=at, standing=standing, subjects=about, some=True)
        return verdict

    def checker(self, ruling: Ruling, rule: Callable[[bool], Ruling]) -> Checker:
        """A compiled checker; Refused, and recorded, for a use that the policy refuses. `rule` rules on it again."""
        self.permit(ruling, {"question": "checker"})
        source = Minutes(
            ruling,
            rule,
            self._recorder,
            self._recent,
            self._numbers,
            self._clock,
            self._monotonic,
            self._later,
            self._longest,
        )
        made = checker(source, self._version, self._monotonic)

        def close() -> None:
            self._checkers.discard(close)
            made.close()
            source.settle()

        self._checkers.add(close)
        return Checker(made.may, close)

    def everybody(self, ruling: Ruling) -> tuple[StandingRow, ...]:
        """Everybody's standing, recorded as a question about everybody; raises Refused."""
        slot = self.permit(ruling, {"question": "standing"})
        at, (standing, times) = self._clock(), self._until_when(ruling.policy)
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

    def own(self, customer: str) -> dict[str, Reason]:
        """A customer's standing in each purpose, for themselves; it is no use of their data, so nothing is recorded.

        Raises Superseded where another version of the policy came into force meanwhile.
        """
        compiled = self._recorder.promise.compiled
        standing = self._fresh(compiled.digest)
        number = self._numbers(standing).get(customer)
        found = {}
        for purpose in compiled.purposes:
            code = UNKNOWN if number is None else int(standing.codes(compiled.slot(purpose))[number])
            found[purpose] = standing_reason(code, purpose, compiled.policy.line("purposes", purpose))
        return found

    def _later(self, work: Callable[[], None]) -> Future[None]:
        """Run work on the one thread that records large sets, so that no verdict waits for it."""
        if self._closer is None:
            self._closer = ThreadPoolExecutor(1, thread_name_prefix="bailee-minutes")
        return self._closer.submit(work)

    def _until_when(self, policy: str) -> tuple[Standing, Sequence[datetime | None]]:
        """Everybody's standing, and until when each one's holds."""
        while True:
            standing = self._fresh(policy)
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

    def permit(self, ruling: Ruling, private: dict[str, object]) -> int:
        """The slot of a permitted use; raises Refused, recorded, for any other."""
        if ruling.permitted and ruling.slot is not None:
            return ruling.slot
        error = Refused(ruling.reasons)
        error.receipt = self._recorder.use(ruling, REFUSED, private, self._clock())
        raise error
