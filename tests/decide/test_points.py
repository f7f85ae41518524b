"""A checker gives the verdict of a customer's byte of standing, never an old one, and forgets nobody it judged."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee import decide
from bailee.decide.points import Checker, State, batch, campaign, checker, codes_of, verdicts_of
from bailee.policy import meaning
from bailee.vocabulary import Actor, Use, Verdict
from tests.strategies import uses, worlds
from tests.worlds import Seeded, World, make_policy

STANDS, ERASED = decide.REASONS.index("stands"), decide.REASONS.index("erased")


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Book:
    """A source of states over codes that a test changes, which keeps what was open and what was seen at its close."""

    def __init__(self, numbers: Mapping[str, int], codes: list[int]) -> None:
        self.numbers, self.codes, self.version, self.clock = numbers, codes, [1], Clock()
        self.verdicts = verdicts_of(decide.compile(POLICY, "sha256:points").rule(USE))
        self.opened: list[State] = []
        self.closed: list[tuple[State, bytes]] = []

    def open(self) -> State:
        version = self.version[0]
        codes = bytes([1, *self.codes])
        self.opened.append(
            State(self.numbers, codes, self.verdicts, bytearray(len(codes)), self.clock.now + 60, version)
        )
        return self.opened[-1]

    def close(self, state: State) -> None:
        self.closed.append((state, bytes(state.seen)))

    def checker(self) -> Checker:
        return checker(self, self.version, self.clock)


USE = Use("offers", Actor("ann"))
MADE = map(make_policy, map(Seeded, range(99)))
POLICY = next(policy for policy in MADE if decide.Compiled(policy, "sha256:policy").rule(USE).permitted)


@given(worlds(), st.data())
def test_a_checker_agrees_with_the_meaning(world: World, data: st.DataObject) -> None:
    """D4, D9.4: a checker's verdict has the meaning's permission and reason codes, for known and unknown keys."""
    use = data.draw(uses(world.policy))
    compiled = decide.Compiled(world.policy, "sha256:policy")
    ruling, covering = compiled.rule(use), compiled.covering(world.terms)
    book = Book({c.key: n for n, c in enumerate(world.customers, 1)}, [0] * len(world.customers))
    book.verdicts = verdicts_of(ruling)
    if ruling.slot is not None:
        book.codes = [compiled.judge(c, ruling.slot, world.at, covering).code for c in world.customers]
    may = book.checker().may
    for customer in (*world.customers, None):
        expected = meaning.permitted(world.policy, use, customer, world.at, world.terms)
        found = may(customer.key if customer else "nobody")
        assert (expected.permitted, _codes(expected)) == (found.permitted, _codes(found))


def _codes(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.reasons]


def test_an_unknown_key_is_nobody() -> None:
    """D4.1: a key that is not on record is refused as unknown, and so is one whose number is newer than the codes."""
    may = Book({"a": 1, "new": 7}, [STANDS]).checker().may
    assert ["stands"] == _codes(may("a"))
    assert [["unknown_customer"]] * 3 == [_codes(may(key)) for key in ("b", "", "new")]


def test_a_change_is_honoured_by_the_next_call() -> None:
    """A checker renews when the shared version moved, before its time is over."""
    book = Book({"a": 1}, [STANDS])
    may = book.checker().may
    assert may("a").permitted
    book.codes[0], book.version[0] = ERASED, 2
    assert ["erased"] == _codes(may("a"))


def test_a_state_is_not_read_past_its_time() -> None:
    """A checker renews at the deadline, and not before."""
    book = Book({"a": 1}, [STANDS])
    may = book.checker().may
    assert may("a").permitted
    book.codes[0] = ERASED
    book.clock.now = 59.9
    assert may("a").permitted
    book.clock.now = 60.0
    assert not may("a").permitted
    assert (2, 1) == (len(book.opened), len(book.closed))


def test_a_state_opened_for_a_call_is_new_enough_for_it() -> None:
    """A version that never rests does not keep a call waiting."""
    book = Book({"a": 1}, [STANDS])

    class Restless(list[int]):
        def __getitem__(self, _: object) -> int:  # type: ignore[override]
            book.version[0] += 1
            return book.version[0]

    assert checker(book, Restless([0]), book.clock).may("a").permitted


def test_verdicts_are_interned() -> None:
    """Two calls give the same object, and so do two checkers of one purpose."""
    first, second = (Book({"a": 1}, [STANDS]).checker().may for _ in range(2))
    assert first("a") is first("a") is second("a")


def test_closing_closes_what_was_open() -> None:
    """Closing a checker closes its state once; asking again opens another."""
    book = Book({"a": 1}, [STANDS])
    may, close = book.checker()
    close()
    assert [] == book.closed
    may("a")
    close()
    close()
    assert [(book.opened[0], b"\0\1")] == book.closed
    may("a")
    assert 2 == len(book.opened)


def test_no_verdict_without_a_record() -> None:
    """A source that cannot open raises to whoever asked, and is asked again next time."""
    book = Book({"a": 1}, [STANDS])
    fine, book.open = book.open, _broken  # type: ignore[method-assign, assignment]
    may = book.checker().may
    for _ in range(2):
        with pytest.raises(OSError, match="disk"):
            may("a")
    book.open = fine  # type: ignore[method-assign]
    assert may("a").permitted


def _broken() -> State:
    raise OSError("disk")


def test_whoever_is_asked_about_while_a_state_is_replaced_is_recorded() -> None:
    """A verdict that was being worked out when its state closed is given from the next state, and recorded there."""
    book = Book({}, [STANDS, STANDS])

    class Interrupted(dict[str, int]):
        def get(self, key: str, otherwise: int = 0) -> int:  # type: ignore[override]
            if key == "slow" and len(book.opened) == 1:
                book.version[0] += 1
                may("other")
            return super().get(key, otherwise)

    book.numbers = Interrupted(slow=1, other=2)
    may, close = book.checker()
    may("slow")
    close()
    assert [b"\0\0\0", b"\0\1\1"] == [seen for _, seen in book.closed]


def test_threads_forget_nobody() -> None:
    """With states replaced all the time, everybody that threads asked about is in what was seen at some close."""
    keys = {f"c{n}": n for n in range(1, 2001)}
    book = Book(keys, [STANDS] * len(keys))
    may, close = book.checker()

    def ask(part: int) -> None:
        for key, number in keys.items():
            if number % 4 == part:
                may(key)
            if number % 50 == part:
                book.version[0] += 1

    threads = [Thread(target=ask, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close()
    seen = np.array([list(seen) for _, seen in book.closed]).any(axis=0)
    assert [0] == np.flatnonzero(~seen).tolist()


def test_codes_by_number_leave_gaps_to_nobody() -> None:
    """Codes are laid out by number; number 0 and numbers that nobody has are unknown."""
    codes = codes_of(np.array([4, 1]), np.array([STANDS, ERASED], np.uint8))
    assert bytes([1, ERASED, 1, 1, STANDS]) == codes
    assert bytes([1]) == codes_of(np.array([], np.int64), np.array([], np.uint8))
    with pytest.raises(ValueError, match="count from 1"):
        codes_of(np.array([0]), np.array([STANDS], np.uint8))


@given(st.binary(max_size=30), st.lists(st.integers(-40, 40)))
def test_batches_are_the_verdicts_one_by_one(column: bytes, numbers: list[int]) -> None:
    """A batch says of each number what its byte says, and no to a number that is nobody's, below 0 too."""
    codes = bytes([1, *column])
    expected = [0 < number < len(codes) and codes[number] == STANDS for number in numbers]
    assert expected == batch(codes, np.array(numbers, np.int64)).tolist()
    assert [False, *(code == STANDS for code in column)] == campaign(codes).tolist()
