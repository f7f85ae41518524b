"""Global Privacy Control (W3C GPC): honoured without asking, recorded once for each person and change of the signal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bailee.decide.law import Law
from bailee.gate.gate import Gate
from bailee.people.choices import Recorded
from bailee.policy.model import Policy, Purpose
from bailee.vocabulary import EVERY_PURPOSE, Act, Instrument


@dataclass(frozen=True, slots=True)
class Heard:
    """What a browser's signal does to one purpose of one person.

    `stops`: it is not used, and nobody is asked for it. `conflicts`: they had allowed it before, and are told.
    """

    stops: bool = False
    conflicts: bool = False


def last(said: Sequence[Recorded]) -> int:
    """The sequence of the last signal on record, 0 where there is none."""
    return max((each.sequence for each in said if each.instrument == Instrument.GPC), default=0)


def heard(policy: Policy, purpose: Purpose, said: Sequence[Recorded], *, present: bool) -> Heard:
    """What the signal, on record or `present`, means for a purpose: it wins until a grant that knew of it."""
    lineage = {purpose.key, *purpose.was}
    signals = [each for each in said if each.instrument == Instrument.GPC and each.purpose in lineage | {EVERY_PURPOSE}]
    if not Law(policy, purpose).hears_gpc or not (signals or present):
        return Heard()
    spoken = [each for each in said if each.instrument != Instrument.GPC and each.purpose in lineage]
    informed = [each for each in spoken if each.act == Act.GRANT and each.conflict_shown]
    if signals and informed and max(map(_order, informed)) > max(map(_order, signals)):
        return Heard()
    newest = max(spoken, key=_order, default=None)
    return Heard(stops=True, conflicts=newest is not None and newest.act == Act.GRANT)


def _order(each: Recorded) -> tuple[datetime, int]:
    return each.at, each.sequence


def hear(gate: Gate, person: str, said: Sequence[Recorded], *, new: bool) -> bool:
    """Record a signal that a request carried, unless it is on record; whether it was recorded now.

    `new` says that the browser did not send it before, as far as it knows: then one on record is an earlier one.
    """
    before = last(said)
    if before and not new:
        return False
    return gate.signal(person, seen=before) is not None
