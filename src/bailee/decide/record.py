"""What many customers said, by purpose, and what else many purposes ask of the same crowd."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from bailee.decide.codes import NOTHING_SHOWN, STANDS
from bailee.decide.covering import Covering
from bailee.decide.crowd import ACTS, INSTRUMENTS, Choices, Crowd
from bailee.decide.instants import NEVER, UNKNOWN, Times, ages
from bailee.decide.law import Law
from bailee.decide.slate import Mask, Rows
from bailee.vocabulary import EVERY_PURPOSE, Act, Instrument

_GRANT = ACTS.index(Act.GRANT)
_GPC = INSTRUMENTS.index(Instrument.GPC)


class Sheet:
    """A crowd at an instant, with what is worked out once for all purposes."""

    def __init__(self, crowd: Crowd, now: int) -> None:
        self.crowd, self.now = crowd, now
        self.choices = _ordered(crowd.choices)
        #: The last element of these is for no choice, so that the position -1 finds it.
        self.refusal: Mask = np.append(self.choices.act != _GRANT, np.False_)
        self.at: Times = np.append(self.choices.at, 0)
        self.any_future = bool((self.choices.at > now).any())
        self.any_gpc = bool((self.choices.instrument == _GPC).any())
        self.any_restricted = bool((crowd.restricted != NEVER).any())
        self._codes = {name: code for code, name in enumerate(crowd.purposes)}

    @cached_property
    def ages(self) -> npt.NDArray[np.int16]:
        return ages(self.crowd.born, self.now)

    @cached_property
    def _made(self) -> tuple[Rows, npt.NDArray[np.intp]]:
        return _partition(self.choices.purpose, len(self.crowd.purposes))

    @cached_property
    def _given(self) -> tuple[Rows, npt.NDArray[np.intp]]:
        return _partition(self.crowd.notices.purpose, len(self.crowd.purposes))

    def code(self, purpose: str) -> int:
        """The crowd's code of a purpose's name; -2 if nobody names it."""
        return self._codes.get(purpose, -2)

    def made(self, names: Iterable[str]) -> Rows:
        """Positions of the choices that name any of the purposes, in order."""
        return self._of(names, *self._made)

    def held(self, purpose: str) -> Mask:
        """Whose data is held for the purpose."""
        holds, found = self.crowd.holds, np.zeros(len(self.crowd), np.bool_)
        found[holds.row[holds.purpose == self.code(purpose)]] = True
        return found

    def first(self, rows: npt.NDArray[Any], times: Times) -> Times:
        """The earliest of each row's times; NEVER for none."""
        found = np.full(len(self.crowd), NEVER, np.int64)
        np.minimum.at(found, rows, times)
        return found

    def noticed(self, law: Law, covering: Covering) -> Times:
        """When each customer was first given a notice that covers today's terms."""
        given, notices = self._of(law.lineage, *self._given), self.crowd.notices
        given = given[self.shown(law, covering, notices.terms[given])[notices.terms[given]] == STANDS]
        return self.first(notices.row[given], notices.at[given])

    def shown(self, law: Law, covering: Covering, cited: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """By the crowd's terms, the code of a grant under each that is cited; the last is for none."""
        found = np.full(len(self.crowd.terms) + 1, NOTHING_SHOWN, np.uint8)
        present = np.zeros(len(found), np.bool_)
        present[cited] = True
        for code in np.flatnonzero(present[:-1]).tolist():
            found[code] = covering.code(law.purpose.key, self.crowd.terms[code])
        return found

    def grounds(self, purpose: str) -> tuple[Times, Times] | None:
        """The last instant at which grounds for a purpose were recorded, and the first to come; None for nobody's."""
        grounds = self.crowd.grounds
        ours = grounds.purpose == self.code(purpose)
        if not ours.any():
            return None
        done, last = ours & (grounds.at <= self.now), np.full(len(self.crowd), UNKNOWN, np.int64)
        np.maximum.at(last, grounds.row[done], grounds.at[done])
        ahead = ours & ~done
        return last, self.first(grounds.row[ahead], grounds.at[ahead])

    def _of(self, names: Iterable[str], order: Rows, bounds: npt.NDArray[np.intp]) -> Rows:
        known = [self._codes[name] for name in names if name in self._codes]
        parts = [order[bounds[code] : bounds[code + 1]] for code in known]
        parts = [part for part in parts if len(part)]
        return parts[0] if len(parts) == 1 else np.sort(np.concatenate([*parts, np.empty(0, np.intp)]))


class Record:
    """What was said up to now that counts for one purpose; positions are in the sheet's order of choices."""

    def __init__(self, law: Law, sheet: Sheet, child: Mask | None) -> None:
        choices, made = sheet.choices, sheet.made(law.names)
        self.child, self.refusal = child, sheet.refusal
        self.at, self.act, self.terms, self.instrument = sheet.at, choices.act, choices.terms, choices.instrument
        self._sheet, self._choices = sheet, choices
        self.ahead: Times | None = None
        if sheet.any_future:
            coming = choices.at[made] > sheet.now
            self.ahead = sheet.first(choices.row[made[coming]], choices.at[made[coming]])
            made = made[~coming]
        self._signals: Rows | None = None
        if sheet.any_gpc:
            gpc = choices.instrument[made] == _GPC
            self._signals = made[gpc & sheet.refusal[made]] if law.hears_gpc else None
            made = made[~gpc]
        self._said = made[self._counts(made)]
        #: The terms under which any of it was said.
        self.cited = choices.terms[self._said]

    def _counts(self, made: Rows) -> Mask:
        """A grant counts if it names the purpose and no channel, and is a guardian's exactly if it is about a child."""
        choices, every = self._choices, self._sheet.code(EVERY_PURPOSE)
        guardian = choices.guardian[made]
        right = ~guardian if self.child is None else guardian == self.child[choices.row[made]]
        counts: Mask = self.refusal[made] | (right & ~choices.channel[made] & (choices.purpose[made] != every))
        return counts

    def last(self, to: str | None) -> tuple[npt.NDArray[np.intp], Mask | None]:
        """Each customer's last act about a recipient (its position, or -1), and whether GPC stands against it."""
        recipients = self._sheet.crowd.recipients
        about = self._choices.recipient[self._said]
        code = recipients.index(to) if to in recipients else -1
        said = self._said[(about == -1) | (about == code)]
        if self._signals is None or not len(self._signals):
            return self._latest(said), None
        informed = self._latest(said[~self.refusal[said] & self._choices.conflict_shown[said]])
        return self._latest(said), self._latest(self._signals) > informed

    def _latest(self, positions: Rows) -> npt.NDArray[np.intp]:
        found = np.full(len(self._sheet.crowd), -1, np.intp)
        found[self._choices.row[positions]] = positions
        return found


def _ordered(choices: Choices) -> Choices:
    """By customer, time, sequence, grants before refusals; of equals the first comes last, so that it prevails."""
    row, at, sequence, refusal = choices.row, choices.at, choices.sequence, choices.act != _GRANT
    later = refusal[1:] > refusal[:-1]
    for key in (sequence, at, row):
        later = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & later)
    if bool(later.all()):
        return choices
    order = np.lexsort((-np.arange(len(row)), refusal, sequence, at, row))
    return Choices(*(getattr(choices, field.name)[order] for field in fields(Choices)))


def _partition(purpose: npt.NDArray[Any], count: int) -> tuple[Rows, npt.NDArray[np.intp]]:
    """Positions grouped by purpose, each group in order, and where each group begins."""
    small = purpose.astype(np.int16) if count < 32_000 else purpose
    order = np.argsort(small, kind="stable")
    return order, np.searchsorted(small[order], np.arange(count + 1))
