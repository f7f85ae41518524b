"""A disclosure to somebody outside: asked like any question, its exact set of customers committed before it leaves.

Every table is a question for the purpose and the recipient, so standing, treatments, groups and standards hold as they
do for everybody. What leaves is recorded with the root of a tree over one bit a customer, by which each can prove that
they were or were not in it; the bits themselves lie sealed under the company's key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from bailee.deid.cells import PERCENT
from bailee.deid.pseudonyms import pseudonym
from bailee.errors import FactRejected, NotVerified, RecordError, Refused, WorkspaceError
from bailee.gate import asked, contributing, grouped
from bailee.gate.record import REFUSED, Recorder, described, refusal
from bailee.gate.turns import Turn
from bailee.ledger import bits, log
from bailee.people import customers, driver, keyring
from bailee.people.instants import day
from bailee.rewrite.dialects import named
from bailee.vocabulary import Treatment

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection

    from bailee.decide import Ruling
    from bailee.deid.sketches import Sketch
    from bailee.gate.answer import Answer
    from bailee.gate.noising import Noised
    from bailee.gate.questions import Fresh, Questions
    from bailee.people.keys import PseudonymKeys
    from bailee.people.standing import Standing
    from bailee.rewrite import Used

T = TypeVar("T")
Numbers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: Under what secrets of fingerprints are derived; no purpose can be called so.
FINGERPRINT = "a release's fingerprint"
#: Under what secret the groups of figures are named in what is kept of them, for all releases the same.
GROUPS = "what figures are of"
#: How often figures are asked for again because the data changed meanwhile.
_TRIES = 4


@dataclass(frozen=True)
class Given:
    """One governed answer: its rows, the entry that recorded it, and of whom each row is, by number, 0 for nobody.

    `clear` says that the column of the customer holds the company's own keys, not pseudonyms. `tables` and `columns`
    are what it was read from, with the treatment of each.
    """

    table: pa.Table = field(repr=False)
    receipt: int
    numbers: Numbers = field(repr=False)
    clear: bool
    tables: tuple[str, ...]
    columns: tuple[tuple[str, str, str], ...]
    #: How figures got their noise; None where they have none.
    noise: Noised | None = None
    #: Of figures, and of classes of rows, what later releases are held against.
    sketch: Sketch = field(default_factory=dict, repr=False)
    #: How many groups are left out that would tell of too few together with others, or with earlier releases.
    left_out: int = 0


#: An earlier release's sketch, and the least group of it and of the release that is being made.
Before = tuple[Callable[[], "Sketch"], int]


class Disclosing:
    """One disclosure under one ruling. Nothing that it gives may leave before `commit` has recorded it."""

    def __init__(
        self,
        ruling: Ruling,
        recorder: Recorder,
        door: Callable[[], Questions],
        dialect: Callable[[], str],
        keys: PseudonymKeys,
        fresh: Fresh,
        clock: Callable[[], datetime],
    ) -> None:
        recipient = ruling.use.recipient
        if not ruling.permitted or ruling.slot is None or recipient is None:
            error = Refused(ruling.reasons)
            private = {"question": "disclosure", **refusal(error)}
            at = clock()
            error.receipt = recorder.use(ruling, REFUSED, private, at, as_of=at)
            raise error
        self.ruling, self.recipient, self.slot = ruling, recipient, ruling.slot
        self._recorder, self._door, self._dialect = recorder, door, dialect
        self._fresh, self._clock, self._keys = fresh, clock, keys
        self._known: tuple[int, dict[str, int]] | None = None
        self._names: tuple[dict[str, int], dict[str, int]] | None = None
        self._marks: tuple[dict[str, int], contributing.Marks] | None = None

    @property
    def secret(self) -> bytes:
        """The key of pseudonyms for this purpose and recipient."""
        return self._keys.key_for(self.ruling.use.purpose, self.recipient)

    def mark(self, name: str) -> bytes:
        """A secret of one release, for its fingerprint."""
        return self._keys.key_for(FINGERPRINT, name)

    def quote(self, name: str) -> str:
        """A name of the data map as the engine's SQL quotes it, part by part."""
        quote = named(self._dialect()).quote
        return ".".join(quote(part) for part in name.split("."))

    def rows(self, question: str, customer: str | None) -> Given:
        """The rows of a question; `customer` names the column that says of whom each is.

        Raises as `Gate.ask`, and FactRejected where rows are about people and the column does not say of whom.
        """
        answer = self._door().ask(question, self.ruling, self._clock(), self._fresh, Turn())
        table, governed = answer.arrow(), answer.governed
        if governed.aggregate:
            raise FactRejected(
                "the policy shows this purpose figures about groups alone: the deal's `form` must be `aggregate`"
            )
        numbers, clear = np.zeros(table.num_rows, np.int64), True
        if governed.personal:
            numbers, clear = self._whose(table, customer)
        return Given(table, answer.receipt, numbers, clear, governed.tables, _columns(governed.columns))

    def figures(
        self,
        question: str,
        least: int,
        keys: Sequence[int],
        spend: Decimal | None = None,
        of: str = "",
        before: Sequence[Before] = (),
    ) -> Given:
        """Figures about groups of at least `least` customers, none of which one customer all but makes.

        `keys` are the places of the columns that say which group, from 0. What is hidden does not follow from what is
        shown and the totals along each of them, which the recipient may know: for that the question is asked once more
        for groups of any size, of which nothing leaves here. It is asked customer by customer in between, for a sketch
        that later releases are held against; `of` is what a reader knows the question by. Groups are held back that
        would tell of too few together with releases `before`. Figures with noise need none of it; `spend` is what they
        spend instead of what the policy says.
        """
        narrowed = grouped_alone(self.ruling, least)
        if self.ruling.purpose is not None and self.ruling.purpose.release.epsilon is not None:
            return self._figures(self._ask(question, narrowed, self._clock(), spend))
        for _ in range(_TRIES):
            at = self._clock()  # one for all, so that no row grows too old in between
            answer = self._ask(question, replace(narrowed, percent=PERCENT), at)
            found = self._figures(answer)
            if not answer.governed.personal:
                return found
            every = _of_any_size(narrowed)
            added = self._added(question, every, at)
            whole = self._ask(question, every, at).arrow()
            if grouped.agree(found.table, whole, keys):
                groups = grouped.Groups(found.table, whole, keys) if keys else None
                given = self._held(found, groups, added, of, before)
                if given is not None:
                    return given
        raise FactRejected(
            "the data changes faster than figures can be made of it, or its groups cannot be told; nothing was "
            "released, try again"
        )

    def classes(self, rows: pa.Table, numbers: Numbers, tables: Sequence[str], of: str) -> Sketch:
        """What later releases are held against of who is in which class of de-identified rows.

        `rows` are their identifiers, `numbers` say of whom each is, `of` is what a reader knows them by.
        """
        source = " ".join(["rows of", *sorted(tables)])
        return contributing.classes(self._marked(), of, rows, numbers, source, self._keys.key_for(GROUPS))

    def _held(
        self,
        found: Given,
        every: grouped.Groups | None,
        added: contributing.Added,
        of: str,
        before: Sequence[Before],
    ) -> Given | None:
        """The figures without the groups that are to be held back, with what later releases are held against."""
        earlier = ((sketch(), least) for sketch, least in before)  # one at a time: each may be large
        held = added.held(of, every, earlier, self._keys.key_for(GROUPS))
        if held is None:
            return None
        hidden, sketch = held
        table = found.table if every is None else every.left(hidden)
        left_out = found.table.num_rows - table.num_rows
        numbers = np.zeros(table.num_rows, np.int64)
        return replace(found, table=table, numbers=numbers, sketch=sketch, left_out=left_out)

    def _ask(self, question: str, ruling: Ruling, at: datetime, spend: Decimal | None = None) -> Answer:
        return self._door().ask(question, ruling, at, self._fresh, Turn(), spend=spend)

    def _figures(self, answer: Answer) -> Given:
        table, governed = answer.arrow(), answer.governed
        if governed.personal and not governed.aggregate:
            raise FactRejected("a question about people must be one about groups: name a key and an aggregate")
        numbers = np.zeros(table.num_rows, np.int64)
        columns = _columns(governed.columns)
        return Given(table, answer.receipt, numbers, True, governed.tables, columns, answer.noise)

    def _added(self, question: str, every: Ruling, at: datetime) -> contributing.Added:
        """What each customer adds to the figures of every group, of whatever size."""

        def ask(part: tuple[int, int]) -> Answer:
            return self._ask(question, replace(every, apart=part), at)

        return contributing.added(ask, self._marked())

    def _marked(self) -> contributing.Marks:
        """The marks of everybody on record; made once for as long as nobody comes or goes."""
        plain = self._plain()
        if self._marks is None or self._marks[0] is not plain:
            self._marks = plain, contributing.Marks(self._recorder.database, plain)
        return self._marks[1]

    def standing(self) -> Standing:
        """Everybody's standing now."""
        return self._fresh()

    def stands(self, standing: Standing) -> Bools:
        """Whether each customer, by number, stands for this disclosure; nobody is number 0."""
        return np.asarray(standing.codes(self.slot) == 0)

    def facts(self) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        """Birth date and place of each customer, by number; None where it is not known."""
        with self._recorder.database.read() as connection:
            rows = driver.rows(connection, "SELECT number, born, place FROM customers ORDER BY number")
        size = max((row[0] for row in rows), default=0) + 1
        born: npt.NDArray[np.object_] = np.full(size, None, object)
        place: npt.NDArray[np.object_] = np.full(size, None, object)
        for number, since, where in rows:
            born[number], place[number] = (None if since is None else day(since)), where
        return born, place

    def references(self, numbers: Numbers, *, clear: bool) -> dict[int, str]:
        """How a release names customers: by their keys, or by pseudonyms; nothing of the erased."""
        with self._recorder.database.read() as connection:
            wanted = sorted({int(number) for number in numbers})
            found = dict(zip(wanted, customers.keys(connection, wanted), strict=True))
        there = {number: key for number, key in found.items() if key is not None}
        return there if clear else {number: pseudonym(self.secret, key) for number, key in there.items()}

    def commit(
        self,
        members: Bools,
        standing: Standing,
        deal: str,
        manifest: str,
        private: Mapping[str, object],
        work: Callable[[Connection, datetime, int], T],
    ) -> T:
        """Record the disclosure with the root over its customers, and whatever `work` keeps of it, in one transaction.

        `work` is called with the connection, the time and the entry's position. RecordError where it could not be
        recorded; then nothing may leave. FactRejected where somebody is in it who does not stand.
        """
        if (members & ~self.stands(standing)[: len(members)]).any():
            raise FactRejected("somebody who does not stand is in the disclosure, so nothing was released")
        at = self._clock()
        root, record = asked.kept(bytearray(members.astype(np.uint8).tobytes()), self._recorder.random(bits.SALT_BYTES))
        public = {
            **self._recorder.named(self.ruling),
            "policy": self.ruling.policy,
            "map": self._recorder.promise.map_digest,
            "standing_sequence": standing.sequence,
            "standing_root": standing.root.hex(),
            "as_of": at,
            "deal": deal,
            "manifest": manifest,
            "customers": root.hex(),
        }

        def done(connection: Connection) -> T:
            self._recorder.must_be_in_force(connection, self.ruling.policy, at)
            whole = {**described(self.ruling), **private, **record}
            return work(connection, at, self._recorder.within(connection, "disclosure", public, whole, at))

        try:
            return self._recorder.database.commit(done)
        except WorkspaceError as error:
            raise RecordError(f"the ledger could not record, so nothing was released: {error}") from None

    def _whose(self, table: pa.Table, customer: str | None) -> tuple[Numbers, bool]:
        """Of whom each row is, and whether the column holds keys as they are; FactRejected where it is not known."""
        if customer is None or customer not in table.column_names:
            raise FactRejected(
                "each row about people must say of whom it is: name that column of the table as `customer`, and want it"
            )
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = table[customer].cast(pa.string())
        different = [text for text in pc.unique(texts).to_pylist() if text is not None]
        plain, hidden = self._numbers()
        for known, clear in ((plain, True), (hidden, False)):
            if all(text in known for text in different):
                return np.array([known.get(text, 0) if text else 0 for text in texts.to_pylist()], np.int64), clear
        raise FactRejected(f"the column `{customer}` does not hold customers' keys; name the one that does")

    def _plain(self) -> dict[str, int]:
        """The number of every customer by key; made once for as long as nobody comes or goes."""
        named_at = self._fresh().named
        if self._known is None or self._known[0] != named_at:
            with self._recorder.database.read() as connection:
                self._known = named_at, customers.numbers(connection)
        return self._known[1]

    def _numbers(self) -> tuple[dict[str, int], dict[str, int]]:
        """The number of every customer by key, and by pseudonym; made once for as long as nobody comes or goes."""
        plain = self._plain()
        if self._names is None or self._names[0] is not plain:
            secret = self.secret
            self._names = plain, {pseudonym(secret, key): number for key, number in plain.items()}
        return self._names


def members(connection: Connection, position: int) -> Bools:
    """Who was in a disclosure, by number; NotVerified where its record is not there, or not what it committed to."""
    record = log.record(connection, position, safe=keyring.of(connection))
    if record is None:
        raise NotVerified(f"the private record of entry `{position}` is gone, so nobody can say who was disclosed")
    return asked.everybody(record)


def age(born: date | None, today: date) -> int | None:
    """Whole years since a birth date; None where it is not known."""
    if born is None:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def grouped_alone(ruling: Ruling, least: int) -> Ruling:
    """The ruling with nothing finer than groups, and none of fewer than `least` customers."""
    if ruling.purpose is None:
        raise FactRejected("a ruling without a purpose shows nothing")
    release = ruling.purpose.release
    group = replace(release, min_group=max(least, release.min_group or 0))
    purpose = replace(ruling.purpose, release=group)
    return replace(ruling, purpose=purpose, at_most=max(ruling.at_most, Treatment.AGGREGATE))


def _of_any_size(ruling: Ruling) -> Ruling:
    """The ruling with groups of one: only to know which are hidden."""
    if ruling.purpose is None:
        raise FactRejected("a ruling without a purpose shows nothing")
    release = replace(ruling.purpose.release, min_group=1)
    return replace(ruling, purpose=replace(ruling.purpose, release=release), percent=None)


def _columns(used: tuple[Used, ...]) -> tuple[tuple[str, str, str], ...]:
    return tuple((each.table, each.column, each.treatment.name.lower()) for each in used)
