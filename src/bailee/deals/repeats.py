"""A release held against those before it, of every recipient: what two of them tell together, neither may.

What is checked. *Figures*: of two releases with a table in common, the customers who are in one and not in the other
are none, or at least as many as the smallest group; otherwise the difference of two totals is theirs. *De-identified
rows*: a second release that shares a customer with an earlier one publishes the very same classes, so that nothing is
to be had by intersecting them (`bailee.deid.releases`), and no fewer than k customers came or went. *Rows* with a key
or pseudonym tell each recipient what they tell; recipients cannot join them by pseudonym, whose keys differ.

What is not. Whether a single group of figures, or a single class, gained or lost few customers: that needs the
customers of each, which are not kept; here only the whole is held against the whole. New purchases of the same
customers also change figures, and the change of a group in which one customer alone bought something is theirs: a
recipient who must not see it gets releases far apart, larger groups, or noise. And whoever knows customers of a group
takes them away by what they know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from bailee.deals.model import Deal, Form
from bailee.vocabulary import Principle, Reason

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Earlier:
    """An earlier release: who was in it, by number; `tables` of the map, `least` group, `classes` as published."""

    name: str
    deal: str
    recipient: str
    form: str
    at: datetime
    members: Bools = field(repr=False)
    tables: frozenset[str] = frozenset()
    least: int = 0
    classes: str | None = None


def against(
    deal: Deal, members: Bools, tables: frozenset[str], least: int, classes: str | None, before: Sequence[Earlier]
) -> Iterator[Reason]:
    """Why a release may not follow those before it."""
    form = deal.form.name.lower()
    for each in before:
        if each.form != form:
            continue
        if deal.form is Form.AGGREGATE and each.tables & tables:
            yield from _differing(each, members, max(least, each.least))
        if deal.form is Form.DEIDENTIFIED and _both(each.members, members):
            if each.classes == classes:
                yield from _differing(each, members, max(least, each.least))
                continue
            yield Reason(
                "deal_intersection",
                f"release `{each.name}` shows some of the same customers in other classes, so that both together tell "
                "more than either; release its recoding again",
                Principle.PRIVACY,
            )


def too_often(deal: Deal, before: Sequence[Earlier], now: datetime) -> Reason | None:
    """Why a deal's rate of releases does not allow another one now."""
    rate = deal.term.releases
    if rate is None:
        return None
    since = rate.per.minus(now)
    lately = sum(each.deal == deal.key and each.at > since for each in before)
    if lately < rate.amount:
        return None
    return Reason(
        "deal_rate",
        f"the deal allows {rate} releases, and there were {lately} since {since:%Y-%m-%d}",
        Principle.MINIMISATION,
    )


def classes_of(tables: Mapping[str, object]) -> str:
    """The digest of the different rows that are published of identifiers, whoever and however many share each."""
    from bailee.policy.canonical import digest

    return digest({key: sorted(set(rows)) for key, rows in tables.items() if isinstance(rows, list)})


def _differing(each: Earlier, members: Bools, least: int) -> Iterator[Reason]:
    one, two = _alike(each.members, members)
    for only, where in ((int((one & ~two).sum()), "it"), (int((two & ~one).sum()), "this one")):
        if 0 < only < least:
            yield Reason(
                "deal_difference",
                f"of release `{each.name}` and this one, only {where} has {only} of the customers, fewer than {least}: "
                "the difference of the two would be about them; release later, or over the same customers",
                Principle.PRIVACY,
            )


def _both(one: Bools, two: Bools) -> bool:
    first, second = _alike(one, two)
    return bool((first & second).any())


def _alike(one: Bools, two: Bools) -> tuple[Bools, Bools]:
    """Both of one length: whoever came later was in no earlier release."""
    size = max(len(one), len(two))
    return np.pad(one, (0, size - len(one))), np.pad(two, (0, size - len(two)))
