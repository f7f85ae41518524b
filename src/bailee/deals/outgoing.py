"""What a release is made of: each table as the gate gives it for the deal's purpose, in the form that was agreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bailee.deals import delivering, forms
from bailee.deals.evidence import CUSTOMER
from bailee.deals.model import Deal, Form, Wanted
from bailee.deals.spending import spends
from bailee.deid import sketches
from bailee.errors import DeidError, FactRejected
from bailee.gate import disclosing
from bailee.policy.budget import written
from bailee.policy.coarsen import Coarsen

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import exp

    from bailee.deals.repeats import Earlier
    from bailee.deid.sketches import Sketch
    from bailee.gate.disclosing import Before, Disclosing, Given
    from bailee.gate.gate import Gate
    from bailee.gate.noising import Noised

Bools = npt.NDArray[np.bool_]


@dataclass
class Table:
    """One table on its way: its rows as they go, and of whom each is; `whose` is the column that says so."""

    key: str
    rows: pa.Table
    numbers: npt.NDArray[np.int64]
    clear: bool
    whose: str | None
    tables: tuple[str, ...]
    #: Whether each row is about that customer alone: then `numbers` is exactly who is in it.
    exact: bool
    treated: dict[str, str] = field(default_factory=dict)
    #: How figures got their noise; None where they have none.
    noise: Noised | None = None
    #: What later releases are held against, group by group.
    sketch: Sketch = field(default_factory=dict)
    #: How many groups are left out that would tell of too few together with others, or with earlier releases.
    left_out: int = 0


def least(deal: Deal, outlet: Disclosing) -> int:
    """The fewest customers that a group of the deal may have, or a class of its rows."""
    purpose = outlet.ruling.purpose
    own = purpose.release.min_group if purpose is not None and deal.form is Form.AGGREGATE else None
    return max(deal.treated.min_group or deal.treated.k or 0, own or 0)


def tables(gate: Gate, deal: Deal, outlet: Disclosing, before: Sequence[Earlier]) -> list[Table]:
    """What the gate gives for a deal, in the form that was agreed, beside the releases before it."""
    if deal.form is Form.AGGREGATE:
        return _figures(gate, deal, outlet, before)
    within = cohort(deal, outlet, gate.clock())
    found = [_asked(gate, each, outlet, within) for each in deal.wanted.values()]
    if deal.form is Form.DEIDENTIFIED:
        return _recoded(deal, found, outlet)
    return [_shaped(deal, table, deal.wanted[table.key], outlet.secret) for table in found]


def _figures(gate: Gate, deal: Deal, outlet: Disclosing, before: Sequence[Earlier]) -> list[Table]:
    group, spend = least(deal, outlet), _spends(gate, deal, outlet)
    held: list[Before] = [
        (each.sketch, max(group, each.least)) for each in before if each.form == deal.form.name.lower()
    ]
    made: list[Table] = []
    for each in deal.asked.values():
        question = _over_tables(deal, each.question, outlet)
        if spend is None:
            _must_show_every_group(each.question)
        # What one question of a deal hides must not follow from another, either.
        within: list[Before] = [(partial(_sketch, table), group) for table in made]
        given = outlet.figures(question, group, _keys(each.question), spend, each.key, [*held, *within])
        wrong = next((table.key for table in made if sketches.few(table.sketch, given.sketch, group)), None)
        if wrong is not None:
            raise FactRejected(
                f"what one of `{wrong}` and `{each.key}` hides would follow from the other: ask one of them, or for "
                "larger groups"
            )
        treated = dict.fromkeys(given.table.column_names, "aggregate")
        table = Table(each.key, given.table, given.numbers, True, None, given.tables, False, treated)
        table.noise, table.sketch, table.left_out = given.noise, given.sketch, given.left_out
        made.append(table)
    return made


def _sketch(table: Table) -> Sketch:
    return table.sketch


def _must_show_every_group(question: str) -> None:
    """FactRejected for a question that leaves out groups by what is in them."""
    from sqlglot import exp

    tree = _tree(question)
    for word in ("having", "qualify", "limit", "offset"):
        if any(part.args.get(word) for part in tree.find_all(exp.Query)):
            raise FactRejected(
                f"figures with `{word.upper()}` cannot be released, for nobody could tell what follows of the groups "
                "that it leaves out: take it out, and let the recipient choose among the groups"
            )


def _keys(question: str) -> tuple[int, ...]:
    """The places of the columns of a question about groups that say which group: those that aggregate nothing."""
    from sqlglot import exp

    tree = _tree(question)
    items = tree.selects if isinstance(tree, exp.Query) else []
    return tuple(at for at, item in enumerate(items) if item.find(exp.AggFunc) is None)


def _tree(question: str) -> exp.Expr:
    """The tree of a question of the deal, which is in the SQL of DuckDB wherever it is asked."""
    import sqlglot

    try:
        return sqlglot.parse_one(question, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        raise FactRejected("a question of `asked` cannot be read as SQL") from None


def _spends(gate: Gate, deal: Deal, outlet: Disclosing) -> Decimal | None:
    """What each question spends of the purpose's privacy budget; None where figures have no noise.

    Looked at before anything is spent: what is too little for all of them would be lost on some.
    """
    policy = gate.promise.policy
    try:
        amount = spends(deal, policy)
    except DeidError as error:
        raise FactRejected(str(error)) from None
    if amount is None:
        return None
    whole = amount * len(deal.asked)
    for each in gate.budgets(deal.purpose, outlet.recipient):
        if each.left < whole:
            again = f", or release when it is free again, from {each.again:%Y-%m-%d %H:%M} UTC on" if each.again else ""
            raise FactRejected(
                f"the deal's {len(deal.asked)} questions spend {written(whole)} together, and of the budget of "
                f"{each.rate} for `{each.recipient}` {written(each.left)} is left: state a smaller `epsilon` in "
                f"`treated`{again}"
            )
    return amount


def _asked(gate: Gate, wanted: Wanted, outlet: Disclosing, within: Bools) -> Table:
    """The governed rows of one wanted table, of customers in the cohort alone."""
    for way in wanted.coarse.values():
        Coarsen.parse(way)
    given = outlet.rows(_question(wanted, outlet), wanted.customer)
    treated = _treated(given)
    exact = _is_exact(gate, wanted, given.tables)
    table = Table(wanted.key, given.table, given.numbers, given.clear, wanted.customer, given.tables, exact, treated)
    if wanted.customer is None:  # about nobody
        return table
    numbers = given.numbers
    keep = (numbers > 0) & within[np.minimum(numbers, len(within) - 1)]
    return only(table, keep)


def _is_exact(gate: Gate, wanted: Wanted, tables: Sequence[str]) -> bool:
    """Whether each row can be about no more than one customer: read from one table about people, row by row.

    A question that joins two, or the same twice, or works a value out of several rows, may show others beside.
    """
    every = gate.promise.datamap.tables
    people = [every[name] for name in tables if every[name].personal]
    if len(people) != 1 or len(people[0].subjects) != 1:
        return not people
    if wanted.question is None:
        return True
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(wanted.question, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return False
    mixing = (exp.AggFunc, exp.Window, exp.Anonymous, exp.Subquery, exp.CTE, exp.SetOperation, exp.Group)
    if tree.find(*mixing) is not None:
        return False
    nobody = {name.rpartition(".")[2].lower() for name in tables if not every[name].personal}
    return sum(each.name.lower() not in nobody for each in tree.find_all(exp.Table)) == 1


def _question(wanted: Wanted, outlet: Disclosing) -> str:
    if wanted.question is not None:
        return wanted.question
    listed = list(wanted.columns)
    if wanted.customer is not None and wanted.customer not in listed:
        listed.append(wanted.customer)
    columns = ", ".join(outlet.quote(column) for column in listed)
    return f"SELECT {columns} FROM {outlet.quote(wanted.table or '')}"


def _over_tables(deal: Deal, question: str, outlet: Disclosing) -> str:
    """A question over `wanted` keys as one over the tables of the map; FactRejected where a key is a question."""
    from sqlglot import exp

    tree = _tree(question)
    edits = []
    for table in tree.find_all(exp.Table):
        wanted = deal.wanted.get(table.name)
        if wanted is None or table.args.get("db") is not None:
            continue
        if wanted.table is None:
            raise FactRejected(
                f"figures are asked of tables of the data map, and `{wanted.key}` is a question: want its tables, and "
                "join them in `asked`"
            )
        meta = table.this.meta
        named = "" if table.alias else f" AS {outlet.quote(wanted.key)}"
        edits.append((int(meta["start"]), int(meta["end"]) + 1, f"{outlet.quote(wanted.table)}{named}"))
    for start, end, text in sorted(edits, reverse=True):
        question = question[:start] + text + question[end:]
    return question


def _treated(given: Given) -> dict[str, str]:
    """How each column of the answer was treated, where its name is that of a column which was read."""
    shown = {column: treatment for _, column, treatment in given.columns}
    return {name: shown[name] for name in given.table.column_names if name in shown}


def cohort(deal: Deal, outlet: Disclosing, now: datetime) -> Bools:
    """Whether each customer, by number, is of the age and place that the deal asks for; unknown is not."""
    born, place = outlet.facts()
    within = np.ones(max(len(born), 1), np.bool_)
    today = now.astimezone(UTC).date()
    if deal.cohort.min_age is not None:
        ages = [disclosing.age(each, today) for each in born]
        within &= np.array([each is not None and each >= deal.cohort.min_age for each in ages] or [False])
    if deal.cohort.places:
        within &= np.array([each is not None and _lies(each, deal.cohort.places) for each in place] or [False])
    return within


def _lies(place: str, among: Sequence[str]) -> bool:
    return any(place == each or place.startswith(f"{each}-") for each in among)


def _shaped(deal: Deal, table: Table, wanted: Wanted, secret: bytes) -> Table:
    table.rows = forms.shaped(deal, wanted, table.rows, secret, clear=table.clear)
    if deal.form is Form.PSEUDONYMOUS and table.whose in table.rows.column_names:
        table.clear = False
        table.treated[str(table.whose)] = "pseudonym"
    return table


def _recoded(deal: Deal, found: list[Table], outlet: Disclosing) -> list[Table]:
    """De-identified rows, made of all tables at once, without keys; of whom each is, is known here alone."""
    sent = {each.key: each.rows.append_column(CUSTOMER, _nullable(each.numbers)) for each in found}
    everybody = np.unique(np.concatenate([each.numbers[each.numbers > 0] for each in found]))
    whole = delivering.numbered(deal, sent, everybody)
    for each in found:
        made = whole[each.key]
        each.numbers = made[CUSTOMER].fill_null(0).to_numpy()
        each.rows, each.whose, each.treated = made.drop_columns([CUSTOMER]), None, {}
        named = [name for name in each.rows.column_names if name in deal.treated.identifiers]
        if named:
            each.sketch = outlet.classes(each.rows.select(named), each.numbers, each.tables, each.key)
    return found


def _nullable(numbers: npt.NDArray[np.int64]) -> pa.Array:
    """Numbers of customers as the other rooms of a deal have them: NULL where a row is about nobody."""
    import pyarrow as pa

    return pa.array(numbers, pa.int64(), mask=numbers == 0)


def only(table: Table, keep: Bools) -> Table:
    import pyarrow as pa

    if not keep.all():
        table.rows, table.numbers = table.rows.filter(pa.array(keep)), table.numbers[keep]
    return table
