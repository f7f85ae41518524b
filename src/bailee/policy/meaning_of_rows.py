"""What a question may see: the database with hidden rows and values removed (`spec/decision.md` D6 to D8).

Slow, pure and obvious, like `policy.meaning`. Governed answers are compared with plain answers over what this returns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from bailee.policy.meaning import Registered, category_treatment, column_treatment, standing, subject_treatment
from bailee.policy.model import DataMap, Policy, Reference, Table
from bailee.vocabulary import Basis, Customer, Treatment, Use

Row = Mapping[str, object]
Database = Mapping[str, Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A use that the policy permits, at an instant, with all that decides what it may see.

    `people` maps subject values to customers. `aggregate` says that the question is aggregate-only: aggregate columns
    then stand clear inside it.
    """

    policy: Policy
    datamap: DataMap
    use: Use
    at: datetime
    people: Mapping[object, Customer]
    terms: Registered
    aggregate: bool = False


def visible(
    asked: Asked, database: Database, tables: Sequence[str], pseudonym: Callable[[object], str]
) -> dict[str, list[dict[str, object]]]:
    """The named tables as the question may see them."""
    sight = _Sight(asked, database)
    named = [asked.datamap.tables[name] for name in tables]
    subject = subject_treatment(asked.policy, asked.use, [table for table in named if table.personal])
    shown = {}
    for table in named:
        volunteered = table.only_for is not None and asked.use.purpose not in table.only_for
        rows = [] if volunteered else [row for row in database[table.name] if sight.row(table, row)]
        shown[table.name] = [_values(asked, table, row, subject, pseudonym) for row in rows]
    return shown


def _values(
    asked: Asked, table: Table, row: Row, subject: Treatment, pseudonym: Callable[[object], str]
) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, column in table.columns.items():
        own = column_treatment(asked.policy, asked.use, table, name)
        treatment = subject if table.personal and name in table.subjects else own
        value = row[name]
        if treatment is Treatment.CLEAR or (treatment is Treatment.AGGREGATE and asked.aggregate):
            values[name] = value
        elif treatment is Treatment.COARSE and column.coarsen is not None:
            values[name] = column.coarsen.apply(value)
        elif treatment is Treatment.PSEUDONYM:
            values[name] = None if value is None else pseudonym(value)
    return values


class _Sight:
    """Which rows a use may see."""

    def __init__(self, asked: Asked, database: Database) -> None:
        self.asked, self.database = asked, database
        self.purpose = asked.policy.purposes[asked.use.purpose]

    def row(self, table: Table, row: Row) -> bool:
        if not table.personal:
            return True
        return self.subject(table, row) and self.young(table, row) and self.speakable(table, row)

    def subject(self, table: Table, row: Row) -> bool:
        if table.via is not None:
            parents = self.reached(table.via, row)
            return len(parents) == 1 and self.subject(self.asked.datamap.tables[table.via.table], parents[0])
        named = [row[name] for name in table.subjects if row[name] is not None]
        if not named:
            return table.guests and self.purpose.basis in (Basis.CONTRACT, Basis.LEGAL_OBLIGATION)
        return all(self.stands(value) for value in named)

    def stands(self, value: object) -> bool:
        use, customer = self.asked.use, self.asked.people.get(value)
        code = standing(self.asked.policy, use.purpose, use.recipient, customer, self.asked.at, self.asked.terms)
        return code == "stands"

    def young(self, table: Table, row: Row) -> bool:
        if table.at_via and table.via is not None:
            parents = self.reached(table.via, row)
            return len(parents) == 1 and self.young(self.asked.datamap.tables[table.via.table], parents[0])
        if table.at is None or self.purpose.keep.from_last_activity:
            return table.at is None or row[table.at] is not None
        instant = as_instant(row[table.at])
        return instant is not None and instant > self.purpose.keep.duration.minus(self.asked.at)

    def speakable(self, table: Table, row: Row) -> bool:
        allowed = {Treatment.CLEAR, Treatment.AGGREGATE} if self.asked.aggregate else {Treatment.CLEAR}
        return all(
            category_treatment(self.asked.policy, self.asked.use, c) in allowed for c in self.revealed(table, row)
        )

    def revealed(self, table: Table, row: Row) -> set[str]:
        said = {rule.category for rule in table.reveals if rule.when.evaluate(row) is not False}
        for reference in _references(table):
            target = self.asked.datamap.tables[reference.table]
            reached = self.reached(reference, row)
            for other in reached:
                said |= self.revealed(target, other)
            if not reached:
                said |= self.could_reveal(target)
        return said

    def could_reveal(self, table: Table) -> set[str]:
        own = {rule.category for rule in table.reveals}
        return own.union(*(self.could_reveal(self.asked.datamap.tables[r.table]) for r in _references(table)))

    def reached(self, reference: Reference, row: Row) -> list[Row]:
        value = row[reference.column]
        return [] if value is None else [r for r in self.database[reference.table] if r[reference.target] == value]


def _references(table: Table) -> tuple[Reference, ...]:
    return table.references if table.via is None else (table.via, *table.references)


def as_instant(value: object) -> datetime | None:
    """A row's time as an instant: naive times are UTC, dates are midnight; anything else is unknown."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else None
