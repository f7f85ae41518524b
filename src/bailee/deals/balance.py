"""Whether those who stand differ from those who do not, so that what is left of a table misleads whoever reads it.

For a number, the standardised difference of means (Austin 2009: 0.1 is small); for a kind, its largest over the kinds.
The p-value is of a permutation test: how often labels drawn anew differ as much. Both need nothing but the two groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: A difference that is taken for none; how often labels are drawn; and of how many customers at most.
SMALL, DRAWS, MOST = 0.1, 999, 20_000


@dataclass(frozen=True, slots=True)
class Difference:
    """How far apart two groups are in one thing, in standard deviations, and the chance of as much by luck alone."""

    name: str
    size: float
    chance: float
    mean_in: float | None = None
    mean_out: float | None = None


def of_number(
    name: str, values: npt.NDArray[np.float64], member: npt.NDArray[np.bool_], seed: int
) -> Difference | None:
    """The difference in a number; None where a group has too few values to tell."""
    import numpy as np

    known = ~np.isnan(values)
    some, inside = values[known], member[known]
    if min(inside.sum(), (~inside).sum()) < 2:
        return None
    column = some[:, None]
    size, means = _size(column, inside)
    chance = _chance(column, inside, seed)
    return Difference(name, float(size[0]), chance, float(means[0][0]), float(means[1][0]))


def of_kind(name: str, values: Sequence[object], member: npt.NDArray[np.bool_], seed: int) -> Difference | None:
    """The difference in a kind, None being one; None where there is only one kind, or a group has too few."""
    import numpy as np

    kinds = sorted({str(value) for value in values})
    if len(kinds) < 2 or min(member.sum(), (~member).sum()) < 2:
        return None
    index = {kind: at for at, kind in enumerate(kinds)}
    flags = np.zeros((len(values), len(kinds)))
    flags[np.arange(len(values)), [index[str(value)] for value in values]] = 1.0
    size, _ = _size(flags, member)
    return Difference(name, float(np.abs(size).max()), _chance(flags, member, seed))


def _size(
    values: npt.NDArray[np.float64], member: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    import numpy as np

    inside, outside = values[member], values[~member]
    means = inside.mean(axis=0), outside.mean(axis=0)
    spread = np.sqrt((inside.var(axis=0, ddof=1) + outside.var(axis=0, ddof=1)) / 2)
    difference = means[0] - means[1]
    return np.where(
        spread > 0, difference / np.where(spread > 0, spread, 1), np.where(difference == 0, 0, np.inf)
    ), means


def _chance(values: npt.NDArray[np.float64], member: npt.NDArray[np.bool_], seed: int) -> float:
    """The share of draws whose groups differ as much: by chi-square over the columns, each in its own spread."""
    import numpy as np

    draw = np.random.default_rng(seed)
    if len(values) > MOST:
        some = draw.choice(len(values), MOST, replace=False)
        values, member = values[some], member[some]
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    many = int(member.sum())
    found = float((scaled[member].sum(axis=0) ** 2).sum())
    as_much = 0
    for _ in range(DRAWS):
        chosen = draw.permutation(len(values))[:many]
        as_much += float((scaled[chosen].sum(axis=0) ** 2).sum()) >= found * (1 - 1e-12)
    return (as_much + 1) / (DRAWS + 1)
