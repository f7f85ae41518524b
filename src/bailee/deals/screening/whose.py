"""Over whom a test measures: the deal's cohort, or everybody whom the company may look at where that is nearly nobody.

A deal that nobody agreed to would otherwise look harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals.bars import FEW
from bailee.deals.delivering import cohort
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Finding, Outcome, Remedy, Test
from bailee.deid.frequencies import Ints
from bailee.vocabulary import Principle


@dataclass(frozen=True, eq=False)
class Whose:
    """The customers' numbers, and what had to be assumed to have them."""

    customers: Ints
    assumed: tuple[str, ...]


def measured(evidence: Evidence) -> Whose:
    """The customers over whom a deal's risks are measured, who have a row in what would be sent."""
    there = [table[CUSTOMER].drop_null().unique().to_numpy(zero_copy_only=False) for table in evidence.sent.values()]
    everybody: Ints = np.unique(np.concatenate(there)) if there else np.zeros(0, np.int64)
    own = np.intersect1d(cohort(evidence.deal, evidence.people), everybody)
    if len(own) >= FEW:
        return Whose(own, ())
    open_to_all = replace(evidence.deal, cohort=replace(evidence.deal.cohort, standing=False))
    all_of_them = np.intersect1d(cohort(open_to_all, evidence.people), everybody)
    few = "nobody" if not len(own) else f"fewer than {FEW} customers"
    return Whose(
        all_of_them,
        (
            f"{few} may be in this deal today, so it was measured over all {len(all_of_them):,} customers whom the "
            "company may look at, as if they were in it",
        ),
    )


def lacking(evidence: Evidence, test: Test, principle: Principle) -> Finding | None:
    """The finding of a test that cannot measure, because rows of what is wanted could not be looked at."""
    missing = [key for key in evidence.deal.wanted if key not in evidence.sent]
    if missing:
        return unmeasured(test, principle, f"the rows of {_listed(missing)} could not be looked at")
    for key in evidence.deal.wanted:
        for column in evidence.sent[key].schema:
            if pa.types.is_nested(column.type):
                why = f"`{column.name}` of `{key}` has several values in one; want each as a column of its own"
                return unmeasured(test, principle, why)
    return None


def unmeasured(test: Test, principle: Principle, why: str, remedies: Sequence[Remedy] = ()) -> Finding:
    """What could not be measured is refused."""
    return Finding(
        test,
        Outcome.REFUSED,
        f"This could not be measured: {why}.",
        "What is not known to be safe is treated as unsafe.",
        principle,
        remedies=tuple(remedies),
    )


def different(column: pa.ChunkedArray) -> int:
    """How many different values a column has; NULL is one."""
    if pa.types.is_null(column.type):
        return min(len(column), 1)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return int(pc.count_distinct(column, mode="all").as_py())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
