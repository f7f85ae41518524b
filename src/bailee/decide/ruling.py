"""The policy's answer to a use, before any customer (`spec/decision.md` D1 to D3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bailee.policy.model import Purpose
from bailee.policy.units import Duration
from bailee.vocabulary import Basis, Effect, Reason, Treatment, Use


@dataclass(frozen=True, slots=True)
class Ruling:
    """Refused, or how categories may appear; always with reasons.

    `effects` and `recipients` are the resolved ones. `reads` maps category keys to treatments and `withheld` the
    categories that standards forbid to the reason; ask them through `category` and `column`, never directly.
    `slot` is the index of this use in everybody's standing. `line` is the purpose's in the policy; `read_lines` has
    those of the categories in its `reads`, and under the empty key that of `reads` itself.
    """

    use: Use
    permitted: bool
    reasons: tuple[Reason, ...]
    policy: str
    purpose: Purpose | None = None
    effects: frozenset[Effect] = frozenset()
    recipients: frozenset[str] = frozenset()
    bases: frozenset[Basis] = frozenset()
    reads: Mapping[str, Treatment] = field(default_factory=dict)
    at_most: Treatment = Treatment.CLEAR
    withheld: Mapping[str, Reason] = field(default_factory=dict)
    special: frozenset[str] = frozenset()
    slot: int | None = None
    line: int | None = None
    read_lines: Mapping[str, int | None] = field(default_factory=dict, compare=False, repr=False)
    #: Categories of which no row may say anything, although the purpose reads them: a narrower look at the same use.
    unspoken: frozenset[str] = frozenset()
    #: Rows must be younger than this too, whatever the purpose keeps: a screen sees what a release would send.
    younger: Duration | None = None
    #: Of figures about groups, none that one customer all but makes: what is left without the largest two must be so
    #: many percent of the largest (the p % rule). A deal asks for it.
    percent: int | None = None
    #: Instead of figures, what each customer adds to each, of one part of so many of the customers: for the gate alone,
    #: which holds a release against those before it, and of which nothing leaves.
    apart: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ColumnRuling:
    """How a column or category may appear, and why it is not clear; a clear one has no reason."""

    treatment: Treatment
    reason: Reason | None = None
