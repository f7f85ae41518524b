"""Rows of a file of choices, checked and ready to be put on record.

Whole columns are checked at once; only where something is wrong are rows looked at one by one, to say which and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from bailee.people import driver
from bailee.people.choices import LONGEST_EVIDENCE, SKEW
from bailee.people.instants import EARLIEST, instant, micros
from bailee.people.kinds import Kind, Known
from bailee.people.problems import shown
from bailee.people.records import Frames
from bailee.people.relations import is_guardian
from bailee.people.rows import Batch, Source
from bailee.people.times import parse_time

Numbers = npt.NDArray[np.int64]

_TRUTH = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False, "": False, None: False}
_KIND_COLUMNS = ("purpose", "act", "instrument", "notice", "language", "recipient", "channel", "conflict_shown")


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows as arrays; `records` gives their canonical JSON, once. `same` numbers kinds that mean the same."""

    IDENTITY: ClassVar = ("at", "customers", "same", "guardians")

    customers: Numbers
    at: Numbers
    kinds: Numbers
    same: npt.NDArray[np.int32]
    guardians: Numbers
    evidence: Sequence[str | None]
    records: Iterator[bytes]

    def evidenced(self) -> list[tuple[int, int, bytes]]:
        """Place, customer and evidence of the rows that have any."""
        each = zip(count(), self.customers.tolist(), self.evidence)
        return [(place, customer, text.encode()) for place, customer, text in each if text is not None]

    def rows(self, start: int, evidence: Sequence[bytes | None]) -> Iterator[tuple[Any, ...]]:
        """Rows of position, customer, kind, time, guardian and sealed evidence, from a position on."""
        places = range(start, start + len(self.customers))
        guardians = (
            [number or None for number in self.guardians.tolist()] if self.guardians.any() else [None] * len(places)
        )
        kinds = self.kinds.tolist()
        return zip(places, self.customers.tolist(), kinds, self.at.tolist(), guardians, evidence, strict=True)

    def slim(self) -> Checked:
        """What tells two rows apart, without the rest."""
        return replace(self, kinds=self.kinds[:0], evidence=(), records=iter(()))


class Checker:
    """Checks batches against what is on record; remembers every kind of choice that it saw."""

    def __init__(self, connection: Connection, known: Known, source: Source, now: datetime) -> None:
        self._connection, self._known, self._source = connection, known, source
        statement = "SELECT key FROM customers ORDER BY number"
        keys = [key for some in driver.stream(connection, statement) for (key,) in some]
        # Numbers are dense from 1, so a key's number is its place here.
        self._keys = pa.array(keys, pa.string())
        self._now, self._latest = micros(now), micros(now + SKEW)
        self._kinds: dict[tuple[Any, ...], int] = {}
        self._parsed: list[Kind] = []
        self._same: list[int] = []
        self._meanings: dict[Kind, int] = {}
        self._frames = Frames()
        self._seen: Counter[int] = Counter()

    @property
    def granting_nothing(self) -> int:
        """How many grants cited no registered notice about their purpose."""
        return sum(count for kind, count in self._seen.items() if self._known.grants_nothing(self._parsed[kind]))

    def kinds(self) -> Iterator[tuple[Any, ...]]:
        """Every kind with its number, as the columns of a choice."""
        for number, kind in enumerate(self._parsed):
            shows = self._known.shown(kind)
            cited = kind.notice if shows is None else None
            words = (kind.purpose, kind.act, kind.instrument, shows, cited, kind.language)
            yield (number, *words, kind.recipient, kind.channel, kind.conflict_shown)

    def check(self, batch: Batch) -> Checked | None:
        """The rows of a batch, or None where one has a problem, which the source has noted then."""
        before = self._source.problems.count
        nothing = pa.nulls(batch.rows, pa.string())
        column = {name: batch.columns.get(name, nothing) for name in self._source.known}
        kinds = self._kinds_of(batch, [column[name] for name in _KIND_COLUMNS])
        customers = self._customers(batch, column["customer"])
        at = self._times(batch, column["at"])
        self._evidence(batch, column["evidence"])
        if self._source.problems.count > before:
            return None
        guardians = self._guardians(batch, column["guardian"], customers, at)
        if self._source.problems.count > before:
            return None
        self._seen.update(dict(zip(*map(np.ndarray.tolist, np.unique(kinds, return_counts=True)), strict=True)))
        evidence = _nullable(column["evidence"])
        records = self._frames.records(kinds, at, column["customer"], evidence, _nullable(column["guardian"]))
        same = np.array(self._same, np.int32)[kinds]
        return Checked(customers, at, kinds, same, guardians, evidence.to_pylist(), records)

    def _wrong(self, batch: Batch, row: int, field: str, message: str) -> None:
        self._source.problems.add(batch.line(row), self._source.column(field), message)

    def _kinds_of(self, batch: Batch, columns: Sequence[pa.Array]) -> Numbers:
        """The number of each row's kind; where a row's is new, the kind is looked at once."""
        codes, groups = _grouped(columns)
        first = np.full(groups, -1, np.int64)
        first[codes[::-1]] = np.arange(batch.rows - 1, -1, -1)
        numbers = np.empty(groups, np.int64)
        for group, row in enumerate(first.tolist()):
            words = tuple(column[row].as_py() for column in columns)
            known = self._kinds.get(words)
            numbers[group] = self._kind(words) if known is None else known
        for row in np.flatnonzero(numbers[codes] < 0).tolist():
            self._wrong(batch, row, *self._refusal(tuple(column[row].as_py() for column in columns)))
        return numbers[codes]

    def _kind(self, words: tuple[Any, ...]) -> int:
        """The number of a kind not seen before; -1 where no choice can be of it."""
        kind = _parsed(words)
        if kind is None or self._refusal(words)[0]:
            return -1
        kind = self._known.told(kind)
        number = self._kinds[words] = len(self._parsed)
        self._parsed.append(kind)
        self._same.append(self._meanings.setdefault(kind._replace(language=None), len(self._meanings)))
        self._frames.add(kind)
        return number

    def _refusal(self, words: tuple[Any, ...]) -> tuple[str, str]:
        """The field that is wrong in a kind and why; empty where none is."""
        kind = _parsed(words)
        if kind is None:
            return "conflict_shown", f"{shown(words[-1])} is neither `true` nor `false`"
        missing = next((field for field, word in zip(_KIND_COLUMNS[:3], kind, strict=False) if not word), None)
        if missing:
            return missing, f"the {missing} is missing"
        return self._known.wrong(kind) or ("", "")

    def _customers(self, batch: Batch, keys: pa.Array) -> Numbers:
        places = pc.index_in(keys, value_set=self._keys, skip_nulls=True)  # the erased have none
        if places.null_count:
            for index in np.flatnonzero(places.is_null().to_numpy(zero_copy_only=False)).tolist():
                key = keys[index].as_py()
                told = (
                    f"there is no customer {shown(key)}; import or add them first" if key else "the customer is missing"
                )
                self._wrong(batch, index, "customer", told)
            places = places.fill_null(-1)
        numbers: Numbers = places.to_numpy().astype(np.int64) + 1
        return numbers

    def _times(self, batch: Batch, column: pa.Array) -> Numbers:
        found = _at_once(column)
        if found is None:
            found = np.zeros(batch.rows, np.int64)
            for index, text in enumerate(column.cast(pa.string()).to_pylist()):
                try:
                    found[index] = parse_time(text)
                except (ValueError, OverflowError) as error:
                    self._wrong(batch, index, "at", str(error))
        for index in np.flatnonzero(found > self._latest).tolist():
            told = f"{shown(str(column[index]))} has not come yet; check the clock and the time zone"
            self._wrong(batch, index, "at", told)
        return np.minimum(found, self._now)

    def _evidence(self, batch: Batch, column: pa.Array) -> None:
        lengths = pc.utf8_length(column)
        if (pc.max(lengths).as_py() or 0) > LONGEST_EVIDENCE:
            for index, length in enumerate(lengths.to_pylist()):
                if length and length > LONGEST_EVIDENCE:
                    told = f"evidence has at most {LONGEST_EVIDENCE:,} characters, found {length:,}"
                    self._wrong(batch, index, "evidence", told)

    def _guardians(self, batch: Batch, column: pa.Array, children: Numbers, at: Numbers) -> Numbers:
        """The numbers of verified guardians who acted, 0 where nobody did."""
        found = np.zeros(batch.rows, np.int64)
        keys = _nullable(column)
        if keys.null_count == batch.rows:
            return found
        numbers = pc.index_in(keys, value_set=self._keys, skip_nulls=True).fill_null(-1).to_numpy() + 1
        for index in np.flatnonzero(keys.is_valid().to_numpy(zero_copy_only=False)).tolist():
            found[index], when = numbers[index], int(at[index])
            if not is_guardian(self._connection, int(children[index]), int(found[index]), when):
                key = shown(keys[index].as_py())
                told = f"{key} was no verified guardian of this customer on {instant(when):%Y-%m-%d}"
                self._wrong(batch, index, "guardian", told)
        return found


def _parsed(words: tuple[Any, ...]) -> Kind | None:
    """The kind that some words name; None where it is unclear whether a conflict was shown."""
    *texts, conflict = words
    truth = _TRUTH.get(conflict.strip().lower() if conflict else None)
    if truth is None:
        return None
    purpose, act, instrument, notice, language, recipient, channel = [(text or "").strip() for text in texts]
    return Kind(purpose, act, instrument, notice or None, language or None, recipient or None, channel or None, truth)


def _grouped(columns: Sequence[pa.Array]) -> tuple[Numbers, int]:
    """Rows that agree in every column get the same number; and how many numbers there are."""
    codes, groups = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        if column.null_count == len(column):
            continue
        encoded = column.dictionary_encode()
        values = len(encoded.dictionary) + 1
        codes = codes * values + encoded.indices.fill_null(values - 1).to_numpy()
        groups *= values
        if groups > 1_000:
            found, codes = np.unique(codes, return_inverse=True)
            groups = len(found)
    found, codes = np.unique(codes, return_inverse=True)
    return codes, len(found)


def _at_once(column: pa.Array) -> Numbers | None:
    """Microseconds of a whole column of times; None where some text needs a closer look."""
    if not pa.types.is_timestamp(column.type):
        shortest = pc.min(pc.utf8_length(column)).as_py() or 0
        if column.null_count or shortest < 20 or not pc.all(pc.ends_with(column, "Z")).as_py():
            return None
        try:
            column = pc.cast(column, pa.timestamp("us", "UTC"))
        except pa.ArrowInvalid:
            return None
    found: Numbers = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return None if column.null_count or (len(found) and found.min() < EARLIEST) else found


def _nullable(column: pa.Array) -> pa.Array:
    """The column with null for empty text."""
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
