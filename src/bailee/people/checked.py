"""Rows of a file of choices, checked and ready to be put on record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from json.encoder import encode_basestring  # RFC 8785 writes text as it does
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from bailee.people import customers
from bailee.people.choices import LONGEST_EVIDENCE, SKEW
from bailee.people.instants import instant, micros
from bailee.people.kinds import Kind, Known
from bailee.people.problems import shown
from bailee.people.relations import is_guardian
from bailee.people.rows import Batch, Source
from bailee.people.times import parse_time, parse_times

_TRUTH = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False, "": False, None: False}
_KIND_COLUMNS = ("purpose", "act", "instrument", "notice", "language", "recipient", "channel", "conflict_shown")


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows as arrays and lists; `records` are their canonical JSON. `same` numbers kinds that mean the same."""

    IDENTITY: ClassVar = ("customers", "at", "same", "guardians")

    customers: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    kinds: Sequence[int]
    same: npt.NDArray[np.int32]
    guardians: npt.NDArray[np.int64]
    evidence: Sequence[str | None]
    records: Sequence[bytes]

    def rows(self, start: int) -> Iterator[tuple[Any, ...]]:
        """Rows of position, customer, kind, time, guardian and evidence, from a position on."""
        places = range(start, start + len(self.customers))
        guardians = [number or None for number in self.guardians.tolist()]
        return zip(places, self.customers.tolist(), self.kinds, self.at.tolist(), guardians, self.evidence, strict=True)

    def slim(self) -> Checked:
        """What tells two rows apart, without the rest."""
        return replace(self, kinds=(), evidence=(), records=())


class Checker:
    """Checks batches against what is on record; remembers every kind of choice that it saw."""

    def __init__(self, connection: Connection, known: Known, source: Source, now: datetime) -> None:
        self._connection, self._known, self._source = connection, known, source
        self._numbers = customers.numbers(connection)
        self._now, self._latest = micros(now), micros(now + SKEW)
        self._kinds: dict[tuple[Any, ...], int] = {}
        self._parsed: list[Kind] = []
        self._same: list[int] = []
        self._meanings: dict[tuple[Any, ...], int] = {}
        self._frames: list[tuple[str, str, str]] = []
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
        nothing = [None] * batch.rows
        column = {name: batch.columns.get(name, nothing) for name in self._source.known}
        kinds = self._kinds_of(batch, list(zip(*(column[name] for name in _KIND_COLUMNS), strict=True)))
        numbers = self._customers(batch, column["customer"])
        at = self._times(batch, column["at"])
        evidence = self._evidence(batch, column["evidence"])
        if self._source.problems.count > before:
            return None
        found = np.array(numbers, np.int64)
        guardians = self._guardians(batch, column["guardian"], found, at)
        if self._source.problems.count > before:
            return None
        self._seen.update(kinds)
        same = np.array(self._same, np.int32)[kinds]
        records = self._records(column, kinds, at, evidence)
        return Checked(found, at, kinds, same, guardians, evidence, records)

    def _wrong(self, batch: Batch, row: int, field: str, message: str) -> None:
        self._source.problems.add(batch.line(row), self._source.column(field), message)

    def _kinds_of(self, batch: Batch, rows: list[tuple[Any, ...]]) -> list[int]:
        known = self._kinds
        kinds = [known.get(row, -1) for row in rows]
        if -1 in kinds:
            for index, row in enumerate(rows):
                kinds[index] = known.get(row, -1)
                if kinds[index] == -1:
                    kinds[index] = self._kind(batch, index, row)
        return kinds

    def _kind(self, batch: Batch, index: int, row: tuple[Any, ...]) -> int:
        """The number of a kind not seen before; -1 and a problem where no choice can be of it."""
        *words, conflict = row
        truth = _TRUTH.get(conflict.strip().lower() if conflict else None)
        if truth is None:
            self._wrong(batch, index, "conflict_shown", f"{shown(conflict)} is neither `true` nor `false`")
            return -1
        purpose, act, instrument, notice, language, recipient, channel = [(word or "").strip() for word in words]
        kind = Kind(
            purpose, act, instrument, notice or None, language or None, recipient or None, channel or None, truth
        )
        missing = next((field for field, word in zip(_KIND_COLUMNS[:3], kind, strict=False) if not word), None)
        wrong = (missing, f"the {missing} is missing") if missing else self._known.wrong(kind)
        if wrong:
            self._wrong(batch, index, *wrong)
            return -1
        return self._add(row, self._known.told(kind))

    def _add(self, row: tuple[Any, ...], kind: Kind) -> int:
        number = self._kinds[row] = len(self._parsed)
        self._parsed.append(kind)
        meaning = (*kind._replace(notice=None, language=None), self._known.shown(kind))
        self._same.append(self._meanings.setdefault(meaning, len(self._meanings)))
        self._frames.append(_frame(kind))
        return number

    def _customers(self, batch: Batch, keys: Sequence[str | None]) -> list[int | None]:
        numbers = list(map(self._numbers.get, keys))  # type: ignore[arg-type]
        if None in numbers:
            for index, number in enumerate(numbers):
                if number is None:
                    key = keys[index]
                    told = (
                        f"there is no customer {shown(key)}; import or add them first"
                        if key
                        else "the customer is missing"
                    )
                    self._wrong(batch, index, "customer", told)
        return numbers

    def _times(self, batch: Batch, texts: Sequence[str | int | None]) -> npt.NDArray[np.int64]:
        try:
            found = np.array(parse_times(texts), np.int64)
        except (ValueError, OverflowError):
            for index, text in enumerate(texts):
                try:
                    parse_time(text)
                except ValueError as error:
                    self._wrong(batch, index, "at", str(error))
            return np.empty(0, np.int64)
        for index in np.flatnonzero(found > self._latest).tolist():
            self._wrong(
                batch, index, "at", f"{shown(str(texts[index]))} has not come yet; check the clock and the time zone"
            )
        return np.minimum(found, self._now)

    def _evidence(self, batch: Batch, texts: Sequence[str | None]) -> Sequence[str | None]:
        if max(map(len, filter(None, texts)), default=0) > LONGEST_EVIDENCE:
            for index, text in enumerate(texts):
                if text and len(text) > LONGEST_EVIDENCE:
                    told = f"evidence has at most {LONGEST_EVIDENCE:,} characters, found {len(text):,}"
                    self._wrong(batch, index, "evidence", told)
        return [text or None for text in texts]

    def _guardians(
        self, batch: Batch, keys: Sequence[str | None], children: npt.NDArray[np.int64], at: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """The numbers of verified guardians who acted, 0 where nobody did."""
        found = np.zeros(len(keys), np.int64)
        for index, key in enumerate(keys) if any(keys) else ():
            if key:
                number = self._numbers.get(key)
                when = int(at[index])
                if number is None or not is_guardian(self._connection, int(children[index]), number, when):
                    told = f"{shown(key)} was no verified guardian of this customer on {instant(when):%Y-%m-%d}"
                    self._wrong(batch, index, "guardian", told)
                else:
                    found[index] = number
        return found

    def _records(
        self,
        column: dict[str, Sequence[Any]],
        kinds: list[int],
        at: npt.NDArray[np.int64],
        evidence: Sequence[str | None],
    ) -> list[bytes]:
        """Each row's canonical JSON; what its kind shares is written once."""
        frames, text = self._frames, encode_basestring
        times = np.datetime_as_string(at.view("M8[us]")).tolist()
        rest = [
            f'{text(word) if word else "null"},"guardian":{text(guardian) if guardian else "null"}'
            for word, guardian in zip(evidence, column["guardian"], strict=True)
        ]
        return [
            f'{(frame := frames[kind])[0]}{when}{frame[1]}{text(key)},"evidence":{tail}{frame[2]}'.encode()
            for kind, when, key, tail in zip(kinds, times, column["customer"], rest, strict=True)
        ]


def _frame(kind: Kind) -> tuple[str, str, str]:
    """What the canonical JSON of a row of this kind has before its time, its customer, and after its guardian."""
    text = {name: "null" if word is None else encode_basestring(str(word)) for name, word in kind._asdict().items()}
    conflict = "true" if kind.conflict_shown else "false"
    return (
        f'{{"act":{text["act"]},"at":"',
        f'Z","channel":{text["channel"]},"conflict_shown":{conflict},"customer":',
        f',"instrument":{text["instrument"]},"language":{text["language"]},"notice":{text["notice"]},'
        f'"purpose":{text["purpose"]},"recipient":{text["recipient"]}}}',
    )
