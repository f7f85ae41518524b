"""A release held against those before it, of every recipient: what two of them tell together, neither may.

What is checked. *Figures*: the same figure by the same keys is held against itself group by group, and so is every
total of groups that are all shown: those who add something else than they added, who came, or who went are none, or as
many as the smallest group (`bailee.deid.differences` has the meaning, and what holds of groups that one of the two does
not show). The gate has left out what it could so that this holds (`bailee.deid.holding_back`). Of two releases in other
words with a table in common, the customers who are in one and not in the other are none, or as many; otherwise the
difference of two totals is theirs. *De-identified rows*: a second release that shares a customer with an earlier one
publishes the very same classes, so that nothing is to be had by intersecting them (`bailee.deid.releases`), and no
fewer than k customers came or went, in all and in each class. *Rows* with a key or pseudonym tell each recipient what
they tell; recipients cannot join them by pseudonym, whose keys differ.

What need not be. Figures with noise are as they are whether any one customer is in them or not, up to what their
purpose spends; so is whatever two releases of them tell together, and spending adds up.

What is not. Two questions whose words differ, those of a key too, are held against each other by their customers as a
whole alone, even where they ask for the same; so are releases from before sketches were kept. Of several groups at once
only those with the same value of some key, and all: a reader who adds up other groups, or takes more than two releases
together, may find a difference about fewer. That a group is left out says that few changed in it, or in one beside it.
That many changed does not say that one of them is not nearly all of the change. The number of different values of a
column does not add up, so what is held is how many each customer has: one who changes one value for another is not
seen. Amounts count down to nine decimal places. In a class of de-identified rows, those who stayed may have other
sensitive values than before. And whoever knows customers of a group takes them away by what they know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from bailee.deals.model import Deal, Form
from bailee.deid import sketches
from bailee.deid.sketches import Sketch
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
    sketch: Callable[[], Sketch] = field(default=dict, repr=False)
    #: Whether all of it is figures with noise, which tell with any others no more of a customer than was spent.
    noisy: bool = False


def against(
    deal: Deal,
    members: Bools,
    tables: frozenset[str],
    least: int,
    classes: str | None,
    sketch: Sketch,
    before: Sequence[Earlier],
) -> Iterator[Reason]:
    """Why a release may not follow those before it."""
    form = deal.form.name.lower()
    for each in before:
        if each.form != form or each.noisy:
            continue
        if deal.form is Form.AGGREGATE and each.tables & tables:
            earlier, group = each.sketch(), max(least, each.least)
            # Where the questions are the same, their groups and totals say more than who is in the releases at all.
            if not sketches.comparable(earlier, sketch):
                yield from _differing(each, members, group)
            yield from _by_group(each, earlier, sketch, group)
        if deal.form is Form.DEIDENTIFIED and _both(each.members, members):
            if each.classes == classes:
                group = max(least, each.least)
                found = list(_differing(each, members, group))
                yield from found or _by_group(each, each.sketch(), sketch, group)
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


def _by_group(each: Earlier, earlier: Sketch, sketch: Sketch, least: int) -> Iterator[Reason]:
    """Why single groups keep a release from following another.

    Neither which groups nor how many customers is told: that just this group changed by just so few is about them
    already, and whoever releases may not be allowed to see the figures.
    """
    wrong = sketches.few(earlier, sketch, least)
    for asked in sorted({sketch[figure].asked for figure, _ in wrong}):
        found = {group: count for (figure, group), count in wrong.items() if sketch[figure].asked == asked}
        every = {name for kind in sketch.values() if kind.asked == asked for name in (*kind.names, *found)}
        yield Reason("deal_difference", _told(each, asked, least, found, len(every)), Principle.PRIVACY)


def _told(each: Earlier, asked: str, least: int, found: Mapping[bytes, int], many: int) -> str:
    some = f"{len(found)} of {many}"
    if each.form == "deidentified":
        return (
            f"since release `{each.name}`, fewer than {least} customers came to a class of `{asked}`, or left it, in "
            f"{some} classes and totals: the difference of the two would be about them; release later, when more have, "
            "or in larger classes"
        )
    if not any(found.values()):
        return (
            f"release `{each.name}` and this one do not hide the same groups of `{asked}`, and what one of them hides "
            f"would follow from what the other shows, in {some} groups; release later, when more has changed, or in "
            "larger groups"
        )
    return (
        f"since release `{each.name}`, what fewer than {least} customers add to a group of `{asked}` has changed, in "
        f"{some} groups and totals: the difference of the two would be about them; release later, when more has "
        "changed, in larger groups, or with noise"
    )


def _both(one: Bools, two: Bools) -> bool:
    first, second = _alike(one, two)
    return bool((first & second).any())


def _alike(one: Bools, two: Bools) -> tuple[Bools, Bools]:
    """Both of one length: whoever came later was in no earlier release."""
    size = max(len(one), len(two))
    return np.pad(one, (0, size - len(one))), np.pad(two, (0, size - len(two)))
