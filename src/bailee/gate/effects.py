"""What a new version of the policy does to customers: who must be asked again, who comes in, whose terms widen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from bailee.decide import Compiled
from bailee.people import progress, supposing
from bailee.policy.diff import Again, PurposeChange, diff
from bailee.policy.terms import Change, Kind, changes, terms_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.people.standing import Numbers


class Step(StrEnum):
    """What a change of a purpose comes to by the meaning (`spec/decision.md` D5)."""

    COVERED = "narrower"
    WIDER = "wider"
    NEW = "new"
    GONE = "ends"
    CONDITIONS = "conditions"
    WORDS = "words only"


@dataclass(frozen=True, slots=True)
class PurposeStep:
    """A purpose that changes, by its key (the old one where it ends), and the numbers of the customers concerned.

    `asked` stand today and would not any more, `joined` would stand and do not today, `kept` stand under wider terms
    without being asked, as a contract allows. `material` says that customers must be given notice before.
    """

    key: str
    before: str | None
    step: Step
    again: Again
    changes: tuple[Change, ...]
    asked: tuple[int, ...]
    joined: tuple[int, ...]
    kept: int
    material: bool


@dataclass(frozen=True, slots=True)
class Effects:
    """All purposes that change, and what changes for every purpose, such as standards; `material` for any reason."""

    purposes: tuple[PurposeStep, ...]
    others: tuple[Change, ...]
    material: bool

    @property
    def asked(self) -> int:
        """How many customers must be asked again for anything."""
        return len({number for each in self.purposes for number in each.asked})


def effects(connection: Connection, old: Compiled, new: Compiled, at: datetime) -> Effects:
    """What changes for whom, judged at one instant under both policies, so that time itself changes nothing."""
    found = diff(old.policy, new.policy)
    if not found.purposes and not found.others:
        return Effects((), (), False)
    before, after = supposing.members(connection, old, at), supposing.members(connection, new, at)
    steps = tuple(_step(old, new, each, before, after) for each in found.purposes)
    looser = any(change.kind is not Kind.NARROWER and _forbids(change, old, new) for change in found.others)
    anybody = progress.read(connection).customers > 0
    return Effects(steps, found.others, any(each.material for each in steps) or (looser and anybody))


def _forbids(change: Change, old: Compiled, new: Compiled) -> bool:
    """Whether a change is one of what a standard forbids, and not of its words or of what staff must learn."""
    section, _, key = change.part.partition(".")
    if section != "standards":
        return False
    before, after = old.policy.standards.get(key), new.policy.standards.get(key)
    return before is None or after is None or before.forbid != after.forbid


def _step(
    old: Compiled, new: Compiled, each: PurposeChange, before: dict[str, Numbers], after: dict[str, Numbers]
) -> PurposeStep:
    nobody = np.empty(0, np.int64)
    was = before[each.before] if each.before is not None else nobody
    now = after[each.key] if each.key is not None else nobody
    step = _kind(old, new, each)
    asked = np.setdiff1d(was, now) if each.key is not None else nobody
    joined = np.setdiff1d(now, was)
    kept = len(np.intersect1d(was, now)) if step is Step.WIDER else 0
    return PurposeStep(
        key=each.key or each.before or "",
        before=each.before,
        step=step,
        again=each.again,
        changes=each.changes,
        asked=tuple(asked.tolist()),
        joined=tuple(joined.tolist()),
        kept=kept,
        material=bool(len(joined) or kept or (step is Step.WIDER and len(asked))),
    )


def _kind(old: Compiled, new: Compiled, each: PurposeChange) -> Step:
    if each.key is None:
        return Step.GONE
    if each.before is None:
        return Step.NEW
    terms = terms_of(old.policy, old.policy.purposes[each.before]), terms_of(new.policy, new.policy.purposes[each.key])
    parts = list(changes(*terms))
    if any(part.kind is not Kind.NARROWER for part in parts):
        return Step.WIDER
    if parts:
        return Step.COVERED
    words = ("title", "why", "customer_gains", "company_gains", "balance", "law", "texts")
    same = all(change.part.partition(".")[0] in words for change in each.changes)
    return Step.WORDS if same else Step.CONDITIONS
