"""An actual attempt at finding customers: a register such as the recipient keeps, matched with what would be sent.

The register has some of the customers by name, with what somebody in the recipient's place knows of people anyway. A
few entries are wrong. Each is matched with the rows that agree with it; of several the attacker picks one. Whether that
is right is known here, because the truth is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from bailee.deals.evidence import CUSTOMER
from bailee.deals.screening.attributes import Attributes
from bailee.deid.frequencies import Column, Ints, groups
from bailee.deid.hierarchy import texts
from bailee.policy.taxonomy import covers

#: What many know of people whom they insure, employ, house or serve.
KNOWN = ("user.demographic", "user.childrens", "user.contact.address", "user.location")
#: What an industry knows beside it.
KNOWN_TO: Mapping[str, tuple[str, ...]] = {
    "finance": ("user.financial",),
    "banking": ("user.financial",),
    "credit": ("user.financial",),
    "employment": ("user.financial", "user.job_title"),
}


@dataclass(frozen=True, slots=True)
class Linked:
    """Entries of the register, how many matched a row at all, matched one person's rows alone, and were rightly found.

    `sure` counts those who matched alone and are that person.
    """

    entries: int
    matched: int
    alone: int
    sure: int
    right: int
    knows: tuple[str, ...]

    @property
    def success(self) -> float:
        """Of all entries, the share whose person was rightly picked."""
        return self.right / self.entries if self.entries else 0.0


def plausibly_known(made: Attributes, industry: str | None) -> tuple[str, ...]:
    """The identifiers that a recipient of an industry is likely to know of people without us."""
    roots = (*KNOWN, *KNOWN_TO.get(industry or "", ()))
    return tuple(
        name
        for name in made.identifiers
        if any(covers(root, category) for root in roots for category in made.categories[name])
    )


def linked(
    truth: Attributes,
    sent: Attributes,
    knows: Sequence[str],
    became: Mapping[str, Mapping[str | None, str | None]],
    *,
    share: float,
    error: float,
    seed: int,
) -> Linked:
    """Match a register drawn from `truth` with `sent`, the attributes as the recipient would have them.

    `became` says of an identifier what its values became in `sent`; the attacker knows how values were made coarse.
    """
    if not knows or not sent.table.num_rows:
        return Linked(0, 0, 0, 0, 0, tuple(knows))
    source = np.random.default_rng(seed)
    people = truth.table[CUSTOMER].to_numpy()
    rows = np.sort(source.permutation(len(people))[: max(1, round(share * len(people)))])
    entries: list[list[str | None]] = []
    for name in knows:
        values = texts(truth.table[name].combine_chunks())
        wrong = source.random(len(rows)) < error
        taken = np.where(wrong, source.integers(0, len(people), len(rows)), rows)
        way = became.get(name, {})
        entries.append([way.get(values[row], values[row]) for row in taken])
    return _matched(entries, people[rows], sent, tuple(knows), source)


def _matched(
    entries: list[list[str | None]], whose: Ints, sent: Attributes, knows: tuple[str, ...], source: np.random.Generator
) -> Linked:
    """Pick for each entry one of the customers whose sent attributes agree with it."""
    columns = [
        Column.encode(name, pa.array([*texts(sent.table[name].combine_chunks()), *told], pa.string()))
        for name, told in zip(knows, entries, strict=True)
    ]
    number, many = groups([column.codes for column in columns], [len(column) for column in columns])
    there, asked = number[: sent.table.num_rows], number[sent.table.num_rows :]
    order = np.argsort(there, kind="stable")
    candidates = sent.table[CUSTOMER].to_numpy()[order]
    begins = np.searchsorted(there[order], np.arange(many + 1))
    sizes = np.diff(begins)[asked]
    some = sizes > 0
    pick = begins[asked[some]] + (source.random(int(some.sum())) * sizes[some]).astype(np.int64)
    right = candidates[pick] == whose[some]
    alone = sizes[some] == 1
    return Linked(len(asked), int(some.sum()), int(alone.sum()), int((right & alone).sum()), int(right.sum()), knows)
