"""Sensitive traits as yes or no: of each column about a person `this much or more`, or `this`, and what rows reveal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals.bars import HAVING
from bailee.deals.evidence import CUSTOMER
from bailee.deals.screening.attributes import Attributes
from bailee.deid.frequencies import Bools, Ints
from bailee.deid.hierarchy import texts
from bailee.policy.model import Policy
from bailee.policy.special import SPECIAL
from bailee.policy.taxonomy import covers

#: What people are judged by, beside the special categories and those that the company declares its own.
JUDGED_BY = ("user.demographic", "user.financial", "user.childrens")
#: A column with more values is told apart at so many of them.
MOST_SPLITS = 5


@dataclass(frozen=True, eq=False)
class Trait:
    """Of some customers whether they have it; `column` is where it stands openly, if it does."""

    name: str
    categories: tuple[str, ...]
    customers: Ints
    having: Bools
    column: str | None = None


def sensitive(policy: Policy, categories: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some categories that are sensitive under a policy."""
    roots = (*SPECIAL, *policy.categories, *JUDGED_BY)
    return tuple(category for category in categories if any(covers(root, category) for root in roots))


def of_columns(policy: Policy, made: Attributes, customers: Ints) -> list[Trait]:
    """The traits in attributes that are sensitive, of some customers."""
    found: list[Trait] = []
    rows = made.table.filter(pc.is_in(made.table[CUSTOMER], value_set=pa.array(customers, pa.int64())))
    for name in made.identifiers:
        said = sensitive(policy, made.categories[name])
        column = rows.filter(pc.is_valid(rows[name]))
        if said and column.num_rows:
            whose = column[CUSTOMER].to_numpy()
            found += [
                Trait(f"{name} {split}", said, whose, having, name) for split, having in _splits(column[name]).items()
            ]
    return [trait for trait in found if min(trait.having.sum(), (~trait.having).sum()) >= HAVING]


def of_rows(
    whose: Mapping[str, pa.ChunkedArray], revealed: Mapping[str, pa.ChunkedArray], customers: Ints
) -> list[Trait]:
    """For each category that rows reveal, who has such a row; `whose` has by key the customer of each row."""
    having: dict[str, list[Ints]] = {}
    for key, lists in revealed.items():
        rows = pc.list_parent_indices(lists)
        flat = pa.table({"category": pc.list_flatten(lists), CUSTOMER: whose[key].take(rows)})
        for pair in flat.group_by(["category"]).aggregate([(CUSTOMER, "distinct")]).to_pylist():
            numbers = np.array([each for each in pair[f"{CUSTOMER}_distinct"] if each is not None], np.int64)
            having.setdefault(pair["category"], []).append(numbers)
    found = [
        Trait(f"buys what reveals {category}", (category,), customers, np.isin(customers, np.concatenate(numbers)))
        for category, numbers in sorted(having.items())
    ]
    return [trait for trait in found if min(trait.having.sum(), (~trait.having).sum()) >= HAVING]


def _splits(column: pa.ChunkedArray) -> dict[str, Bools]:
    """Each way to tell a column's values apart: at a value where they have an order, else one against the rest."""
    values = texts(column.combine_chunks())
    distinct = sorted({value for value in values if value is not None}, key=_order)
    rows = np.array([distinct.index(value) if value is not None else -1 for value in values], np.int64)
    if len(distinct) < 2:
        return {}
    if len(distinct) == 2:
        return {f"= {distinct[0]}": rows == 0}
    ordered = sum(_number(value) is not None for value in distinct) >= len(distinct) - 1
    if not ordered:
        common = np.argsort(-np.bincount(rows), kind="stable")[:MOST_SPLITS]
        return {f"= {distinct[place]}": rows == place for place in sorted(common.tolist())}
    places = np.unique(np.linspace(1, len(distinct) - 1, MOST_SPLITS).round().astype(int))
    return {f"from {distinct[place]}": rows >= place for place in places.tolist()}


def _order(value: str) -> tuple[float, str]:
    """By its first number; text without one, such as `under 15`, by the number in it, a little less."""
    number = _number(value)
    inner = re.search(r"[0-9]+(?:\.[0-9]+)?", value)
    if number is None and inner is not None:
        return float(inner[0]) - 0.5, value
    return (float("inf") if number is None else number), value


def _number(value: str) -> float | None:
    found = re.match(r"-?[0-9]+(?:\.[0-9]+)?", value)
    return float(found[0]) if found else None
