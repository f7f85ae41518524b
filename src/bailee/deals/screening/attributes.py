"""What is told of a customer as a person, rather than of one thing that they did: the columns that can identify them.

A column is an attribute where each customer has one value of it. It is found in the rows, not in the deal, because who
wants data seldom says what else it identifies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals.evidence import CUSTOMER
from bailee.deals.model import Deal
from bailee.deals.screening.whose import different
from bailee.deid.frequencies import Frequencies
from bailee.policy.taxonomy import covers

#: What names a customer by itself, or reaches them.
DIRECT = (
    "user.name",
    "user.contact.email",
    "user.contact.phone_number",
    "user.contact.fax_number",
    "user.contact.url",
    "user.contact.address.street",
    "user.government_id",
    "user.biometric",
    "user.device",
    "user.account.username",
)
#: An attribute with so many different values among its customers names them one by one.
NEARLY_ALL = 0.9


@dataclass(frozen=True, eq=False)
class Attributes:
    """One row a customer: `CUSTOMER`, and each attribute's value. `direct` names single customers by itself."""

    table: pa.Table
    identifiers: tuple[str, ...]
    direct: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    def frequencies(self) -> Frequencies:
        """How many customers share each combination of the identifiers."""
        names = list(self.identifiers)
        counted = self.table.group_by(names).aggregate([([], "count_all")])
        return Frequencies.from_arrow(counted.rename_columns([*names, "rows"]), names)


def attributes(
    deal: Deal, tables: Mapping[str, pa.Table], categories: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> Attributes | None:
    """The attributes in some tables with their `CUSTOMER`; None where nothing is told of customers as such.

    A customer without a row in any table that has attributes is left out.
    """
    homes: dict[str, tuple[str, pa.Table]] = {}
    for key, table in tables.items():
        own = deal.wanted[key].customer
        for name in table.column_names:
            pairs = None if name in {CUSTOMER, own} or name in homes else _one_each(table, name)
            if pairs is not None:
                homes[name] = (key, pairs)
    if not homes:
        return None
    told = {name: tuple(categories.get(key, {}).get(name, ())) for name, (key, _) in homes.items()}
    direct = tuple(name for name, (_, pairs) in homes.items() if _names_one(pairs, told[name]))
    return Attributes(_together(homes), tuple(name for name in homes if name not in direct), direct, told)


def _one_each(table: pa.Table, name: str) -> pa.Table | None:
    """Each customer with their value, where all their rows agree on it; a column of one value for all tells nothing."""
    rows = pa.table({CUSTOMER: table[CUSTOMER], "value": table[name]}).filter(pc.is_valid(table[CUSTOMER]))
    if not rows.num_rows:
        return None
    head = rows.slice(0, 20_000).group_by([CUSTOMER, "value"]).aggregate([])
    if head.num_rows != pc.count_distinct(head[CUSTOMER]).as_py():  # most columns end here, without the whole table
        return None
    pairs = rows.group_by([CUSTOMER, "value"]).aggregate([])
    customers = pc.count_distinct(pairs[CUSTOMER]).as_py()
    return pairs if pairs.num_rows == customers and different(pairs["value"]) > 1 else None


def _names_one(pairs: pa.Table, categories: tuple[str, ...]) -> bool:
    if any(covers(root, category) for root in DIRECT for category in categories):
        return True
    return different(pairs["value"]) > NEARLY_ALL * int(pairs.num_rows)


def _together(homes: Mapping[str, tuple[str, pa.Table]]) -> pa.Table:
    people = np.unique(np.concatenate([pairs[CUSTOMER].to_numpy() for _, pairs in homes.values()]))
    found = pa.table({CUSTOMER: pa.array(people, pa.int64())})
    for name, (_, pairs) in homes.items():
        place = pc.index_in(found[CUSTOMER], value_set=pairs[CUSTOMER].combine_chunks()).combine_chunks()
        found = found.append_column(name, pairs["value"].combine_chunks().take(place))
    return found
