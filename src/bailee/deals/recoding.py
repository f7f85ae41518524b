"""One recoding for a whole deidentified deal: what identifies customers becomes coarse enough that k share each row.

All tables of the deal are taken together, because whoever has two of them can look a customer up in both. So there is
one row a customer with every identifier of every table, one full-domain recoding of these, and each table gets the
recoded values. What is published is counted again in SQL before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals.evidence import CUSTOMER
from bailee.deals.model import Deal
from bailee.deid.criteria import Promise
from bailee.deid.frequencies import Column, Frequencies
from bailee.deid.hierarchy import Hierarchy, texts
from bailee.deid.hierarchy_making import learnt
from bailee.deid.lattice import full_domain
from bailee.deid.publication import counting, counting_sensitive
from bailee.deid.recoding import Recoding
from bailee.deid.verification import Count, Counted, require
from bailee.engines.duckdb.scratch import scratch
from bailee.errors import DeidError

#: Of all customers, how many may be left out so that the rest stay precise, where the deal says nothing.
SUPPRESS = 0.05


@dataclass(frozen=True, eq=False)
class Recoded:
    """What becomes of each customer: `labels` has a row for each that is published, `CUSTOMER` and the identifiers.

    `coarser` says by identifier what each value became, as text.
    """

    labels: pa.Table
    coarser: Mapping[str, Mapping[str | None, str | None]]
    suppressed: int

    def apply(self, table: pa.Table) -> pa.Table:
        """The table with its identifiers recoded and without the rows of customers who are left out."""
        if table[CUSTOMER].null_count == table.num_rows:
            return table
        place = pc.index_in(table[CUSTOMER], value_set=self.labels[CUSTOMER].combine_chunks())
        table, place = table.filter(pc.is_valid(place)), place.drop_null()
        for name in self.coarser:
            if name in table.column_names:
                table = table.set_column(table.schema.get_field_index(name), name, self.labels[name].take(place))
        return table


def recoded(deal: Deal, tables: Mapping[str, pa.Table]) -> Recoded:
    """Recode what `treated.identifiers` names, for the customers of some tables; `DeidError` if that cannot be kept."""
    treated = deal.treated
    if treated.k is None or not treated.identifiers:
        raise DeidError(
            "a `deidentified` deal states `treated: {k: .., identifiers: [..]}`: what identifies customers, and how "
            "many share it; without both nothing may leave"
        )
    sensitive = treated.sensitive if treated.l is not None or treated.t is not None else ()
    each = _by_customer(tables, (*treated.identifiers, *sensitive))
    names = list(treated.identifiers)
    counted = each.group_by([*names, *sensitive]).aggregate([([], "count_all")])
    frequencies = Frequencies.from_arrow(counted.rename_columns([*names, *sensitive, "rows"]), names, sensitive)
    promise = Promise(treated.k, distinct=treated.l, t=None if treated.t is None else float(treated.t))
    hierarchies = {column.name: _hierarchy(column, frequencies) for column in frequencies.identifiers}
    limit = SUPPRESS if treated.suppress is None else float(treated.suppress)
    found = full_domain(frequencies, hierarchies, promise, limit=limit)
    labels = _labels(each, found.recoding)
    for table in tables.values():
        own = [name for name in names if name in table.column_names]
        if own:
            whose = pc.is_in(labels[CUSTOMER], value_set=table[CUSTOMER].combine_chunks())
            _verified(promise, labels.filter(whose), each, own, tuple(sensitive))
    coarser = {
        column.name: dict(zip(texts(column.values), _at(hierarchies[column.name], level), strict=True))
        for column, level in zip(frequencies.identifiers, found.levels, strict=True)
    }
    return Recoded(labels.select([CUSTOMER, *names]), coarser, found.recoding.suppressed)


def _hierarchy(column: Column, frequencies: Frequencies) -> Hierarchy:
    """Neighbouring values joined, about twice as many customers at each level."""
    return learnt(column, frequencies.weights)


def _at(hierarchy: Hierarchy, level: int) -> list[str | None]:
    return [hierarchy.labels[level][node] for node in hierarchy.up[level]]


def _by_customer(tables: Mapping[str, pa.Table], names: tuple[str, ...]) -> pa.Table:
    """One row for each customer of a table with some of the names: each name's one value, NULL where no row has it."""
    told = [table[CUSTOMER].drop_null().to_numpy() for table in tables.values() if {*names} & {*table.column_names}]
    people = np.unique(np.concatenate(told)) if told else np.zeros(0, np.int64)
    found = pa.table({CUSTOMER: pa.array(people, pa.int64())})
    for name in names:
        homes = [table for table in tables.values() if name in table.column_names]
        if not homes:
            raise DeidError(f"no wanted table has the identifier `{name}`; name columns of the rows that would be sent")
        pairs = pa.concat_tables([_pairs(home, name) for home in homes]).group_by([CUSTOMER, "value"]).aggregate([])
        if pairs.num_rows != pc.count_distinct(pairs[CUSTOMER]).as_py():
            raise DeidError(
                f"`{name}` differs between rows of one customer, so it cannot be recoded once for all; leave it out, "
                "want it coarser, or give answers about groups (`form: aggregate`)"
            )
        place = pc.index_in(found[CUSTOMER], value_set=pairs[CUSTOMER].combine_chunks())
        found = found.append_column(name, pairs["value"].combine_chunks().take(place.combine_chunks()))
    return found


def _pairs(table: pa.Table, name: str) -> pa.Table:
    pairs = pa.table({CUSTOMER: table[CUSTOMER], "value": table[name]})
    return pairs.filter(pc.is_valid(pairs[CUSTOMER])).group_by([CUSTOMER, "value"]).aggregate([])


def _labels(each: pa.Table, recoding: Recoding) -> pa.Table:
    """Each published customer with what their identifiers become."""
    columns = [Column.encode(column.name, each[column.name]) for column in recoding.frequencies.identifiers]
    combinations = zip(*(column.codes.tolist() for column in recoding.frequencies.identifiers), strict=True)
    row_of = {codes: row for row, codes in enumerate(combinations)}
    rows = [row_of[codes] for codes in zip(*(column.codes.tolist() for column in columns), strict=True)]
    number = recoding.number[np.array(rows, np.int64)]
    kept = np.flatnonzero(number >= 0)
    place = pa.array(number[kept])
    made = {form.name: label.take(place) for form, label in zip(recoding.forms, recoding.labels(), strict=True)}
    return pa.table({CUSTOMER: each[CUSTOMER].take(pa.array(kept)), **made})


def _verified(promise: Promise, labels: pa.Table, each: pa.Table, names: list[str], sensitive: tuple[str, ...]) -> None:
    """Raise `DeidError` unless SQL counts in the published table what was promised."""
    place = pc.index_in(labels[CUSTOMER], value_set=each[CUSTOMER].combine_chunks()).combine_chunks()
    for name in sensitive:
        labels = labels.append_column(name, each[name].take(place))
    with scratch({"published": labels, "everybody": each}) as held:
        base = held.ask(counting("published", names, CUSTOMER)).to_pylist()[0]
        kinds = {}
        for name in sensitive:
            row = held.ask(counting_sensitive("published", names, name, "everybody")).to_pylist()[0]
            kinds[name] = Counted(**row)
    require(promise, Count(int(base["classes"]), int(base["rows"]), int(base["k"]), kinds), sensitive)
