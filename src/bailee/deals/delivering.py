"""What the recipient would get: the rows that a deal asks for, made safer as it says.

Pure: rows come in as the company itself sees them, each with its customer's number (`CUSTOMER`), and leave without it.
Nothing is given where a treatment cannot be kept: `DeidError` says which.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals.contributions import contributions
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.grouping import answered
from bailee.deals.model import Deal, Form, Wanted
from bailee.deals.narrowing import columns
from bailee.deals.recoding import recoded
from bailee.deals.simulating import simulated
from bailee.deals.spending import spends
from bailee.deid.frequencies import Ints
from bailee.deid.pseudonyms import pseudonyms
from bailee.engines.duckdb.scratch import Scratch, quoted, scratch
from bailee.errors import DeidError
from bailee.policy.coarsen import Coarsen
from bailee.policy.places import within


def delivered(
    deal: Deal, sent: Mapping[str, pa.Table], people: pa.Table, key: bytes, evidence: Evidence | None = None
) -> dict[str, pa.Table]:
    """What would leave, by key: of `wanted`, or of `asked` where the form is `aggregate`.

    `sent` and `people` are as `Evidence` has them; `key` is the recipient's own, of 32 bytes, for pseudonyms. With
    `evidence`, figures have the noise of its policy: a simulation (`simulating`).
    """
    customers = cohort(deal, people)
    if deal.form is Form.AGGREGATE:
        return figures(deal, sent, customers, evidence)
    made = numbered(deal, sent, customers)
    if deal.form is Form.DEIDENTIFIED:
        return {each: _in_order(table.drop_columns([CUSTOMER])) for each, table in made.items()}
    return {each: _keyed(deal, deal.wanted[each], table, key) for each, table in made.items()}


def numbered(deal: Deal, sent: Mapping[str, pa.Table], customers: Ints) -> dict[str, pa.Table]:
    """The rows of some customers as the recipient would have them, but each still with its `CUSTOMER`: for a test.

    The customer's own key is as it is in the company's rows, or gone where the deal is `deidentified`.
    """
    tables = {each: _of(table, customers) for each, table in chosen(deal, sent).items()}
    made_coarse = {each: tables[each] for each, wanted in deal.wanted.items() if wanted.coarse}
    if made_coarse:
        with scratch(made_coarse) as held:
            tables |= {each: held.ask(coarse(deal.wanted[each], quoted(each))) for each in made_coarse}
    if deal.form is not Form.DEIDENTIFIED:
        return tables
    made = recoded(deal, tables)
    return {each: _unkeyed(deal.wanted[each], made.apply(table)) for each, table in tables.items()}


def cohort(deal: Deal, people: pa.Table) -> Ints:
    """The numbers of the customers whose data the deal is about; whoever's age or place is not known is not in one."""
    kept = pa.chunked_array([pa.array(np.ones(people.num_rows, np.bool_))])
    if deal.cohort.standing:
        kept = pc.and_(kept, pc.fill_null(people["stands"], False))
    if deal.cohort.min_age is not None:
        kept = pc.and_(kept, pc.fill_null(pc.greater_equal(people["age"], deal.cohort.min_age), False))
    if deal.cohort.places:
        there = [place for place in people["place"].unique().to_pylist() if place is not None]
        inside = [place for place in there if any(within(place, area) for area in deal.cohort.places)]
        kept = pc.and_(kept, pc.is_in(people["place"], value_set=pa.array(inside, pa.string())))
    found: Ints = people.filter(kept)[CUSTOMER].to_numpy(zero_copy_only=False)
    return found


def chosen(deal: Deal, sent: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The wanted columns of each table, and `CUSTOMER`."""
    found = {}
    for each, wanted in deal.wanted.items():
        table = sent[each]
        names = columns(wanted, [name for name in table.column_names if name != CUSTOMER])
        missing = [name for name in names if name not in table.column_names]
        if missing:
            raise DeidError(f"`{each}` has no column `{missing[0]}`; there are {', '.join(table.column_names)}")
        found[each] = table.select([*names, CUSTOMER])
    return found


def _of(table: pa.Table, customers: Ints) -> pa.Table:
    """The rows of some customers, and of nobody where a table is about nobody."""
    whose = table[CUSTOMER]
    if whose.null_count == table.num_rows:
        return table
    highest = pc.max(whose).as_py()
    inside = np.zeros(highest + 1, np.bool_)
    inside[customers[customers <= highest]] = True
    kept = inside[pc.fill_null(whose, 0).to_numpy()] & whose.is_valid().to_numpy()
    return table if kept.all() else table.filter(pa.array(kept))


def coarse(wanted: Wanted, relation: str) -> str:
    """A SELECT of a relation in SQL with its columns as coarse as they are wanted."""
    ways = {column: Coarsen.parse(way) for column, way in wanted.coarse.items()}
    made = ", ".join(f"{way.sql(quoted(column))} AS {quoted(column)}" for column, way in ways.items())
    return f"SELECT * {f'REPLACE ({made}) ' if made else ''}FROM {relation}"


def coarsened(deal: Deal, held: Scratch) -> None:
    """Make the tables that `held` holds as coarse as the deal wants them."""
    for each, wanted in deal.wanted.items():
        if wanted.coarse:
            held.hold(each, held.ask(coarse(wanted, quoted(each))))


def figures(
    deal: Deal, sent: Mapping[str, pa.Table], customers: Ints, evidence: Evidence | None = None
) -> dict[str, pa.Table]:
    """The answers of an `aggregate` deal about some customers, by key of `asked`; see `delivered`."""
    if deal.treated.min_group is None:
        raise DeidError("an `aggregate` deal states `treated: {min_group: ...}`; it states none, so nothing may leave")
    if deal.treated.epsilon is not None and evidence is None:
        raise DeidError("`treated: {epsilon: ...}` asks for noise, and how wide that is only the policy can tell")
    noisy = evidence is not None and spends(deal, evidence.policy) is not None
    tables = chosen(deal, sent)
    with scratch(tables) as held:
        coarsened(deal, held)
        if evidence is not None and noisy:
            return {each: simulated(evidence, deal, each, customers, held)[0] for each in deal.asked}
        return {
            each: answered(contributions(asked, deal.wanted, tables, held), customers, deal.treated.min_group, held)
            for each, asked in deal.asked.items()
        }


def _keyed(deal: Deal, wanted: Wanted, table: pa.Table, key: bytes) -> pa.Table:
    """The customer's key clear, or as a pseudonym."""
    if deal.form is Form.PSEUDONYMOUS and wanted.customer is not None:
        place = table.schema.get_field_index(wanted.customer)
        if place < 0:
            raise DeidError(f"`{wanted.key}` has no column `{wanted.customer}`, which `customer` names")
        table = table.set_column(place, wanted.customer, _pseudonyms(key, table[wanted.customer]))
    return table.drop_columns([CUSTOMER])


def _pseudonyms(key: bytes, values: pa.ChunkedArray) -> pa.Array:
    """Each distinct value's once: a customer has many rows."""
    coded = pc.dictionary_encode(values).combine_chunks()
    return pseudonyms(key, coded.dictionary).take(coded.indices)


def _unkeyed(wanted: Wanted, table: pa.Table) -> pa.Table:
    if wanted.customer is not None and wanted.customer in table.column_names:
        return table.drop_columns([wanted.customer])
    return table


def _in_order(table: pa.Table) -> pa.Table:
    """Rows in the order of their values, so that their order says nothing."""
    return table.sort_by([(name, "ascending") for name in table.column_names]) if table.num_columns else table
