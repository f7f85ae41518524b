"""The standing of a million customers in every slot at once, with numpy; the same as `lawful.judge` for each.

Every step of `lawful` is here one pass over arrays. A last act is found by writing positions in order: the last wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from bailee.decide import codes
from bailee.decide.covering import Covering
from bailee.decide.crowd import ACTS, INSTRUMENTS, Crowd
from bailee.decide.instants import NEVER, UNBORN, UNKNOWN, Times, birthdays, micros, plus
from bailee.decide.law import Law
from bailee.decide.lawful import REFUSALS
from bailee.decide.record import Record, Sheet
from bailee.decide.slate import Mask, Slate
from bailee.vocabulary import EXPLICIT, Basis

if TYPE_CHECKING:
    from bailee.decide.compile import Compiled

BASES = tuple(Basis)
_NONE = -1
_REFUSALS = np.array([REFUSALS.get(act, codes.STANDS) for act in ACTS], np.uint8)
_INEXPLICIT = np.array([instrument not in EXPLICIT for instrument in INSTRUMENTS])


class Standings(NamedTuple):
    """`codes[customer, slot]` is a byte of standing; `until[customer]` is microseconds since 1970, or NEVER."""

    codes: npt.NDArray[np.uint8]
    until: Times


def standings(compiled: Compiled, crowd: Crowd, at: datetime, covering: Covering) -> Standings:
    """Everybody's standing at an instant.

    Needs about 60 bytes a customer beside the crowd and the result (one byte a customer and slot): judge in batches.
    """
    sheet = Sheet(crowd, micros(at))
    found = np.empty((len(crowd), len(compiled.slots)), np.uint8)
    until = np.full(len(crowd), NEVER, np.int64)
    number = 0
    for key in compiled.purposes:
        law = compiled.law(key)
        for slate in _Judge(law, sheet, covering).slots():
            found[:, number] = slate.codes
            np.minimum(until, slate.until, out=until)
            number += 1
    return Standings(found, until)


class _Where:
    """What a law asks for in each place of a crowd; the last element is for no place, so that the code -1 finds it."""

    def __init__(self, law: Law, places: Sequence[str]) -> None:
        each = [law.locale(place) for place in (*places, None)]
        self.basis = np.array([BASES.index(locale.basis) for locale in each], np.int8)
        self.fails = np.array([locale.fails for locale in each], np.uint8)
        self.min_age = np.array([_NONE if x.min_age is None else x.min_age for x in each], np.int64)
        self.below = np.array([_NONE if x.guardian_below is None else x.guardian_below for x in each], np.int64)


class _Judge:
    """One purpose, judging a crowd."""

    def __init__(self, law: Law, sheet: Sheet, covering: Covering) -> None:
        self.law, self.sheet, self.crowd, self.covering = law, sheet, sheet.crowd, covering
        self.where = _Where(law, sheet.crowd.places)
        self.basis = self.where.basis[sheet.crowd.place]

    def slots(self) -> list[Slate]:
        """A slate for all recipients at once, then one for each."""
        first = Slate.blank(len(self.crowd), self.sheet.now)
        self._erased(first)
        self._restricted(first)
        self._place(first)
        self._age(first)
        self._activity(first)
        basis = self.basis[first.open]
        self._contract(first.part(basis == BASES.index(Basis.CONTRACT)))
        asked = self.law.everyone if self.law.purpose.recipients else ()
        slates = [first] + [first.copy() for _ in asked]
        said = basis == BASES.index(Basis.CONSENT)
        interest = basis == BASES.index(Basis.LEGITIMATE_INTEREST)
        if said.any() or interest.any():
            record = Record(self.law, self.sheet, self._children())
            for slate, named in zip(slates, (self.law.everyone, *((to,) for to in asked)), strict=True):
                self._interest(slate.part(interest), record, named)
                self._consent(slate.part(said), record, named)
        return slates

    def _erased(self, slate: Slate) -> None:
        erased = self.crowd.erased
        if erased.any():
            kept = self.sheet.held(self.law.purpose.key) & (self.basis == BASES.index(Basis.LEGAL_OBLIGATION))
            slate.close(erased & ~kept, codes.ERASED)

    def _restricted(self, slate: Slate) -> None:
        if self.sheet.any_restricted:
            basis = self.basis[slate.open]
            yields = (basis == BASES.index(Basis.CONTRACT)) | (basis == BASES.index(Basis.LEGITIMATE_INTEREST))
            slate.close(slate.past(np.where(yields, self.crowd.restricted[slate.open], NEVER)), codes.RESTRICTED)

    def _place(self, slate: Slate) -> None:
        if self.where.fails.any():
            fails = self.where.fails[self.crowd.place[slate.open]]
            slate.close(fails > 0, fails)

    def _age(self, slate: Slate) -> None:
        where, crowd = self.where, self.crowd
        if (where.min_age == _NONE).all() and (where.below == _NONE).all():
            return
        place = crowd.place[slate.open]
        asked = (where.min_age[place] != _NONE) | (where.below[place] != _NONE)
        slate.close(asked & (crowd.born[slate.open] == UNBORN), codes.AGE_UNKNOWN)
        least = where.min_age[crowd.place[slate.open]]
        young = (least != _NONE) & (self.sheet.ages[slate.open] < least)
        self._grow_up(slate, young, least)
        slate.close(young, codes.UNDER_AGE)

    def _grow_up(self, slate: Slate, young: Mask, years: Times) -> None:
        """Standing lasts no longer than until the birthday of those who are too young."""
        if young.any():
            few = slate.part(young)
            few.past(birthdays(self.crowd.born[few.open], years[young]))

    def _activity(self, slate: Slate) -> None:
        keep = self.law.purpose.keep
        if keep.from_last_activity:
            slate.close(slate.past(plus(keep.duration, self.crowd.last_activity[slate.open])), codes.INACTIVE)

    def _contract(self, slate: Slate) -> None:
        if not len(slate.open):
            return
        contracts = self.crowd.contracts
        begun = contracts.since <= self.sheet.now
        ends = np.full(len(self.crowd), UNKNOWN, np.int64)
        kept = plus(self.law.purpose.keep.duration, contracts.ended[begun])
        np.maximum.at(ends, contracts.row[begun], kept)
        last = ends[slate.open]
        runs = last > self.sheet.now
        slate.part(runs).past(last[runs])
        slate.part(~runs).past(self.sheet.first(contracts.row[~begun], contracts.since[~begun])[slate.open[~runs]])
        slate.close(~runs, np.where(last == UNKNOWN, codes.NO_CONTRACT, codes.CONTRACT_ENDED).astype(np.uint8))

    def _children(self) -> Mask | None:
        """Whom only a guardian may speak for; None where nobody is."""
        below = self.where.below
        if (below == _NONE).all():
            return None
        each = below[self.crowd.place]
        young: Mask = (each != _NONE) & (self.crowd.born != UNBORN) & (self.sheet.ages < each)
        return young

    def _heard(self, slate: Slate, record: Record) -> None:
        if record.ahead is not None:
            slate.past(record.ahead[slate.open])
        if record.child is not None:
            self._grow_up(slate, record.child[slate.open], self.where.below[self.crowd.place[slate.open]])

    def _interest(self, slate: Slate, record: Record, named: Sequence[str | None]) -> None:
        if not len(slate.open):
            return
        self._heard(slate, record)
        slate.close(~slate.past(self.sheet.noticed(self.law, self.covering)[slate.open]), codes.NOTICE_NOT_GIVEN)
        for to in named:
            last, signalled = record.last(to)
            place = last[slate.open]
            objected = record.refusal[place]
            slate.close(objected & ~self._overridden(slate, objected, record.at[place]), codes.OBJECTED)
            if signalled is not None:
                slate.close(signalled[slate.open], codes.GPC)

    def _overridden(self, slate: Slate, objected: Mask, at: Times) -> Mask:
        """Compelling grounds recorded after an objection lift it; for marketing nothing does."""
        recorded = None if self.law.marketing else self.sheet.grounds(self.law.purpose.key)
        if recorded is None:
            return np.zeros(len(objected), np.bool_)
        last, coming = recorded
        lifted: Mask = objected & (last[slate.open] != UNKNOWN) & (last[slate.open] >= at)
        stuck = slate.part(objected & ~lifted)
        stuck.past(coming[stuck.open])
        return lifted

    def _consent(self, slate: Slate, record: Record, named: Sequence[str | None]) -> None:
        if not len(slate.open):
            return
        self._heard(slate, record)
        shown = self.sheet.shown(self.law, self.covering, record.cited)
        for to in named:
            last, signalled = record.last(to)
            missing = last[slate.open] < 0
            child = np.False_ if record.child is None else record.child[slate.open]
            nobody = np.where(child, codes.GUARDIAN_NEEDED, codes.NEVER_ASKED).astype(np.uint8)
            slate.close(missing, np.broadcast_to(nobody, missing.shape))
            refused = _REFUSALS[record.act[last[slate.open]]]
            slate.close(refused > 0, refused)
            if signalled is not None:
                slate.close(signalled[slate.open], codes.GPC)
            uncovered = shown[record.terms[last[slate.open]]]
            slate.close(uncovered > 0, uncovered)
            self._lasting(slate, record, last)

    def _lasting(self, slate: Slate, record: Record, last: npt.NDArray[np.intp]) -> None:
        purpose = self.law.purpose
        if purpose.consent_lasts is not None:
            ends = plus(purpose.consent_lasts, record.at[last[slate.open]])
            slate.close(slate.past(ends), codes.CONSENT_EXPIRED)
        if purpose.explicit:
            slate.close(_INEXPLICIT[record.instrument[last[slate.open]]], codes.NOT_EXPLICIT)
        if self.sheet.any_restricted:
            since = self.crowd.restricted[slate.open]
            slate.close(slate.past(since) & (record.at[last[slate.open]] <= since), codes.RESTRICTED)
