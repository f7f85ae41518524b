"""What is held about one person, by table: what is kept here, and, one look at a time, the company's own tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bailee.errors import Refused, WorkspaceError
from bailee.gate.gate import Gate
from bailee.gate.holding import HeldTable, Holding
from bailee.gate.values import rows as rows_of
from bailee.people import customers, kept
from bailee.policy.model import DataMap
from bailee.vocabulary import Actor


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of a table: at most as many as were asked for, of `count`. `hidden` is what is not shown, in sentences.

    `currencies` has that of each column of amounts (ISO 4217), and None for the others.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    count: int
    hidden: Sequence[str] = ()
    currencies: Sequence[str | None] = ()


def kept_here(gate: Gate, customer: str) -> list[Held]:
    """What Bailee keeps, tables without rows left out; FactRejected for nobody on record."""
    with gate.database.read() as connection:
        found = kept.of(connection, customers.number_of(connection, customer))
    return [
        Held(name, tuple(rows[0]), [tuple(row.values()) for row in rows], len(rows))
        for name, rows in found.items()
        if rows
    ]


def counted(gate: Gate, customer: str) -> Mapping[str, int]:
    """How many rows each of the company's tables has about a customer; those without any left out."""
    return {name: sum(each) for name, each in gate.remaining(customer).tables.items() if sum(each)}


def look(gate: Gate, customer: str, table: str, actor: Actor, most: int) -> Held | None:
    """A customer's rows of one of the company's tables, as `counted` names it; None where there is no such table.

    Each look is recorded first. Raises as `Gate.holding` does.
    """
    holding = gate.holding(customer, actor=actor)
    for each in holding.tables():
        if table in (each.name, f"{each.engine}: {each.name}"):
            return _seen(holding, each, table, most, gate.promise.datamap)
    return None


def _seen(holding: Holding, table: HeldTable, name: str, most: int, datamap: DataMap) -> Held:
    try:
        answer, shared = holding.rows(table), holding.shared(table)
    except Refused as error:
        return Held(name, (), (), 0, [reason.sentence for reason in error.reasons])
    found = answer.arrow()
    rows = list(rows_of(found.slice(0, most)))
    hidden = [f"{column}: {'withheld' if why is None else why.sentence}" for _, column, why in answer.left_out.columns]
    units = answer.currencies(datamap)
    return Held(name, found.column_names, rows, found.num_rows + shared, hidden, units)


def answerable(gate: Gate, customer: str) -> bool:
    """Whether the policy has a purpose by which a customer can be shown what the company holds."""
    try:
        gate.holding(customer)
    except WorkspaceError:
        return False
    return True
