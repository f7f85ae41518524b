"""Figures with noise as a recipient might get them: a simulation, of which nothing leaves and which spends nothing.

The question is rewritten as the gate would, over the rows that a screen has in the place of the company's tables, so
bounds, groups, rows of a customer and the width of noise are those of a release, and so are the refusals. Noise is of
the same distribution, drawn from the screen's seed: a release draws its own, and another.

A wanted question stands in the place of its tables: what it takes of a table about nobody has here the groups that are
in its rows, where a release has all that the table knows.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.inlining import origins
from bailee.deals.model import Deal, Wanted
from bailee.deals.screening.intention import ruling
from bailee.deals.spending import spends
from bailee.decide import Ruling, category
from bailee.deid.frequencies import Ints
from bailee.engines import Column as Stored
from bailee.engines import Table as Base
from bailee.engines.duckdb.scratch import Scratch, quoted
from bailee.errors import DeidError, EngineError, Refused
from bailee.gate.budgets import Reserved
from bailee.gate.disclosing import grouped_alone
from bailee.policy.model import Column, DataMap, Table
from bailee.rewrite.relations import SUBJECT
from bailee.vocabulary import Treatment

if TYPE_CHECKING:
    import numpy.typing as npt

    from bailee.gate.noising import Drawing, Noised
    from bailee.rewrite import Governed

_MEMBERS = "bailee members"


def simulated(
    evidence: Evidence, deal: Deal, key: str, customers: Ints, held: Scratch
) -> tuple[pa.Table, Noised | None]:
    """What one question of a deal may look like about some customers, and how wide its noise is: None about nobody.

    `held` shows the rows of each wanted table under its key, with `CUSTOMER`. DeidError where the gate would refuse the
    question, or the deal's purpose adds no noise.
    """
    from bailee.gate.noising import Adding

    amount, rate = spends(deal, evidence.policy), evidence.policy.purposes[deal.purpose].release.epsilon
    if amount is None or rate is None:
        raise DeidError(f"`{deal.purpose}` adds no noise to figures")
    under = _under(evidence, deal)
    datamap = DataMap({each: _table(evidence, under, deal.wanted[each], each, held) for each in deal.wanted})
    governed = _governed(under, deal, key, datamap, held)
    plan = governed.noise
    if plan is None:  # about nobody
        return held.ask(deal.asked[key].question), None
    held.hold(_MEMBERS, pa.table({CUSTOMER: customers}))
    for at, name in enumerate(governed.tables):
        held.see(governed.views[at].name, _shown(datamap.tables[name], governed, held))
    held.see(governed.views[-1].name, governed.views[-1].sql)
    adding = Adding(plan, Reserved(amount, {}, rate), "duckdb", _drawing(evidence.seed, key, amount))
    # In an order of their own, or the seed's numbers would fall on other groups each time.
    noisy = adding(held.ask(f"SELECT * FROM ({plan.sql}) AS exact ORDER BY ALL"))
    held.see(noisy.name, noisy.sql)
    return held.ask(governed.sql), adding.noised()


def _under(evidence: Evidence, deal: Deal) -> Ruling:
    """What the policy says to a release of the deal."""
    said = ruling(evidence.policy, deal.purpose, min(deal.effects), deal.recipient)
    if not said.permitted:
        raise DeidError(said.reasons[0].sentence)
    return replace(grouped_alone(said, deal.treated.min_group or 0), slot=0)


def _governed(under: Ruling, deal: Deal, key: str, datamap: DataMap, held: Scratch) -> Governed:
    """The question as the gate would rewrite it, over a map of what is wanted."""
    from bailee.rewrite import rewrite

    def serialize(sql: str) -> dict[str, Any]:
        literal = sql.replace("'", "''")
        said = held.ask(f"SELECT json_serialize_sql('{literal}') AS tree")["tree"][0].as_py()
        tree: dict[str, Any] = json.loads(said)
        return tree

    catalog = [Base("main", each, _types(each, held)) for each in deal.wanted]
    try:
        return rewrite(deal.asked[key].question, under, datamap, catalog, serialize)
    except Refused as refused:
        raise DeidError(f"`{key}`: {refused.reasons[0].sentence}") from None


def _types(key: str, held: Scratch) -> tuple[Stored, ...]:
    found = held.ask(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {quoted(key)})")
    return tuple(Stored(name, kind) for name, kind in zip(*found.to_pydict().values(), strict=True))


def _table(evidence: Evidence, under: Ruling, wanted: Wanted, key: str, held: Scratch) -> Table:
    """What is wanted as a table of a map: its columns are those of the company's map that they come from."""
    come, said = origins(wanted, evidence.datamap), evidence.columns.get(key, {})
    rows = evidence.sent[key]
    personal = rows[CUSTOMER].null_count < rows.num_rows or not rows.num_rows
    columns = {}
    for name in (each.name for each in _types(key, held)):
        table, column = come.get(name, (None, None))
        meant = column or Column(name)
        if personal and table is not None and not table.personal:  # what anybody may know, as far as it is here
            found = held.ask(f"SELECT DISTINCT CAST({quoted(name)} AS VARCHAR) AS v FROM {quoted(key)} ORDER BY 1")
            meant = replace(meant, values=tuple(each for each in found["v"].to_pylist() if each is not None))
            columns[name] = replace(meant, name=name, categories=_readable(under))
            continue
        columns[name] = replace(meant, name=name, categories=tuple(said.get(name, meant.categories)))
    if not personal:
        return Table(key, columns, personal=False)
    columns[CUSTOMER] = Column(CUSTOMER, ("user.unique_id",))
    return Table(key, columns, subjects=_subjects(wanted, evidence.datamap, columns) or (CUSTOMER,))


def _readable(under: Ruling) -> tuple[str, ...]:
    """A category that the purpose reads, for what stands in rows about people and is about nobody."""
    return tuple(each for each in under.reads if category(under, each).treatment is not Treatment.WITHHELD)[:1]


def _subjects(wanted: Wanted, datamap: DataMap, columns: Mapping[str, Column]) -> tuple[str, ...]:
    if wanted.customer is not None and wanted.customer in columns:
        return (wanted.customer,)
    table = datamap.tables.get(wanted.table or "")
    return tuple(name for name in table.subjects if name in columns) if table is not None else ()


def _shown(table: Table, governed: Governed, held: Scratch) -> str:
    """The rows of a wanted table as the purpose may see them, of the customers in question alone."""
    kinds = {each.name: each.type for each in _types(table.name, held)}
    shown = []
    for used in governed.columns:
        if used.table != table.name:
            continue
        value = quoted(used.column)
        if kinds[used.column].startswith("ENUM("):
            value = f"CAST({value} AS VARCHAR)"
        shown.append(f"{value} AS {quoted(used.column)}")
    if not table.personal:
        return f"SELECT {', '.join(shown)} FROM {quoted(table.name)}"
    shown.append(f"{quoted(table.subjects[0])} AS {SUBJECT}")
    members = f"SELECT {CUSTOMER} FROM {quoted(_MEMBERS)}"
    return f"SELECT {', '.join(shown)} FROM {quoted(table.name)} WHERE {CUSTOMER} IN ({members})"


def _drawing(seed: int, key: str, amount: Decimal) -> Drawing:
    """Noise of the discrete Laplace distribution from a seed: the difference of two geometric numbers."""
    source = np.random.default_rng([seed, zlib.crc32(f"{key} {amount.normalize()}".encode())])

    def draw(figures: npt.NDArray[np.int64], scale: float) -> npt.NDArray[np.int64]:
        chance = -np.expm1(-1 / scale)
        drawn: npt.NDArray[np.int64] = source.geometric(chance, len(figures)) - source.geometric(chance, len(figures))
        return figures + drawn

    return draw


def simulation(evidence: Evidence, deal: Deal, key: str, customers: Ints, held: Scratch) -> pa.Table | None:
    """The same answer; None where there would be none, for a search that goes on."""
    try:
        return simulated(evidence, deal, key, customers, held)[0]
    except (DeidError, EngineError):
        return None
