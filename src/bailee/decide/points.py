"""Millions of verdicts a second: one compiled look-up for each purpose, effect and recipient.

A checker reads one published state and nothing else. It asks for another when the state's time is over or the shared
version moved, so a choice that was acknowledged is honoured by the next call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from bailee.decide.codes import STANDS, UNKNOWN_CUSTOMER
from bailee.decide.ruling import Ruling
from bailee.policy.reasons import STANDING, standing_reason
from bailee.vocabulary import Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.integer[Any]]

Buffer = bytes | bytearray | memoryview


class State(NamedTuple):
    """What a checker reads until `deadline` (by its clock), while the shared version is `version`.

    `numbers` maps customer keys to numbers from 1. `codes` has a byte of standing for each number, and
    `UNKNOWN_CUSTOMER` for number 0, which is nobody's; `seen` is as long, and the checker sets the byte of every number
    that it gave a verdict on. `verdicts` has one for each code. `codes_of` and `verdicts_of` make the two.
    """

    numbers: Mapping[Any, int]
    codes: Buffer
    verdicts: Sequence[Verdict]
    seen: bytearray
    deadline: float
    version: int


class Source(Protocol):
    """Where a checker has its states from, and who records what it was asked."""

    def open(self) -> State:
        """A fresh state; what must be on record before its first verdict is on record. It may raise."""
        ...

    def close(self, state: State) -> None:
        """The state was replaced, and nobody sets another byte of its `seen`."""
        ...


class Checker(NamedTuple):
    """`may` takes the company's key of a customer and gives a verdict; `close` closes the state that it last read.

    What is no text counts as its text: 1228 is the customer `1228`. `check(key)` is `check.may(key)`, a step slower.
    """

    may: Callable[[object], Verdict]
    close: Callable[[], None]

    def __call__(self, key: object, /) -> Verdict:
        return self.may(key)


def checker(source: Source, version: Sequence[int], clock: Callable[[], float] = monotonic) -> Checker:
    """A checker that opens its first state when it is first asked.

    `version[0]` is shared by all who change standing: a list in one process, a mapped word across several. Safe for
    threads. Whatever the source raises is raised to the caller, who then has no verdict.
    """
    never = State({}, b"", (), bytearray(), float("-inf"), -1)
    state, renewing = never, Lock()

    def renew(old: State, new: Callable[[], State]) -> State | None:
        """Replace a state, then close it; None if somebody else replaced it."""
        nonlocal state
        with renewing:
            if state is not old:
                return None
            opened = state = new()
        if old is not never:
            source.close(old)
        return opened

    def may(key: object, /) -> Verdict:
        own = None
        while True:
            current = state
            numbers, codes, verdicts, seen, deadline, of = current
            # A state that this very call opened is new enough, whatever moved since.
            if (clock() >= deadline or version[0] != of) and current is not own:
                own = renew(current, source.open)
                continue
            number = numbers.get(key, 0)
            if not number and key.__class__ is not str:
                number = numbers.get(str(key), 0)
            try:
                seen[number] = 1
                verdict = verdicts[codes[number]]
            except IndexError:  # the key was given its number after the codes were read
                seen[0], verdict = 1, verdicts[UNKNOWN_CUSTOMER]
            # A state is replaced first and closed after, so what is set while it is still the current one is recorded.
            if state is current:
                return verdict

    def close() -> None:
        while renew(state, lambda: never) is None:
            pass

    return Checker(may, close)


def verdicts_of(ruling: Ruling) -> tuple[Verdict, ...]:
    """The verdict for each byte of standing under a ruling; all are its refusal if it refuses. Interned."""
    if not ruling.permitted:
        return (Verdict(False, ruling.reasons),) * len(STANDING)
    return _verdicts(ruling.use.purpose, ruling.line)


@lru_cache(maxsize=65_536)
def _verdicts(purpose: str, line: int | None) -> tuple[Verdict, ...]:
    reasons = (standing_reason(code, purpose, line) for code in range(len(STANDING)))
    return tuple(Verdict(code == STANDS, (reason,)) for code, reason in enumerate(reasons))


def codes_of(numbers: Ints, column: npt.NDArray[np.uint8]) -> bytes:
    """The codes of a state, from the numbers of customers and their bytes of standing in one slot.

    Numbers that nobody has get `UNKNOWN_CUSTOMER`, as number 0 does. ValueError if a number is not positive.
    """
    import numpy as np

    if len(numbers) and int(numbers.min()) < 1:
        raise ValueError("customer numbers count from 1")
    found = np.full(int(numbers.max(initial=0)) + 1, UNKNOWN_CUSTOMER, np.uint8)
    found[numbers] = column
    return found.tobytes()


def campaign(codes: Buffer) -> npt.NDArray[np.bool_]:
    """Whether each customer's data may be used, by number."""
    import numpy as np

    stands: npt.NDArray[np.bool_] = np.frombuffer(codes, np.uint8) == STANDS
    return stands


def batch(codes: Buffer, numbers: Ints) -> npt.NDArray[np.bool_]:
    """Whether the data of each of these customers may be used; not of one whose number nobody has."""
    import numpy as np

    known = np.frombuffer(codes, np.uint8)
    if len(numbers) and (int(numbers.min()) < 0 or int(numbers.max()) >= len(known)):
        inside = (numbers >= 0) & (numbers < len(known))
        numbers = np.where(inside, numbers, 0)
    stands: npt.NDArray[np.bool_] = known[numbers] == STANDS
    return stands
