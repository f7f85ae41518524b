"""What a question did not see, in words that tell no more than the promise does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from bailee import decide
from bailee.decide import Ruling
from bailee.gate.answer import LeftOut
from bailee.gate.retention import kept
from bailee.people.standing import Standing
from bailee.policy.model import DataMap, Table
from bailee.policy.reasons import standing_reason
from bailee.rewrite import Governed
from bailee.vocabulary import Basis, Reason, Treatment


def left_out(ruling: Ruling, governed: Governed, datamap: DataMap, standing: Standing, at: datetime | None) -> LeftOut:
    """What the ruling, the map and standing kept from a question; `at` is None where rows of any age are seen."""
    columns = tuple((withheld.table, withheld.column, withheld.reason) for withheld in governed.withheld)
    tables = [datamap.tables[name] for name in dict.fromkeys(governed.tables) if datamap.tables[name].personal]
    if not tables:
        return LeftOut(columns)
    counts = customers_by_reason(ruling, standing)
    included = sum(count for reason, count in counts if reason.code == "stands")
    missing = tuple((reason, count) for reason, count in counts if reason.code != "stands")
    rows = tuple(line for table in tables for line in _rows(ruling, governed, datamap, table, at))
    return LeftOut(columns, missing, rows, included, sum(count for _, count in counts))


def without_counts(left: LeftOut) -> LeftOut:
    """The same without numbers of customers, which would say exactly how many there are beside figures with noise."""
    return replace(left, customers=(), included=0, known=0)


def customers_by_reason(ruling: Ruling, standing: Standing) -> list[tuple[Reason, int]]:
    """How many customers there are for each reason, most first."""
    if ruling.slot is None:
        return []
    import numpy as np

    found = np.bincount(standing.codes(ruling.slot)[1:])
    counted = [(standing_reason(code, ruling.use.purpose, ruling.line), int(n)) for code, n in enumerate(found) if n]
    return sorted(counted, key=lambda each: -each[1])


def _rows(ruling: Ruling, governed: Governed, datamap: DataMap, table: Table, at: datetime | None) -> Iterator[str]:
    if at is not None and (table.at or table.at_via) and kept(ruling):
        cutoff, least = max(((each.minus(at), each) for each in kept(ruling)), key=lambda each: each[0])
        yield f"rows of `{table.name}` older than {least} (before {cutoff:%Y-%m-%d %H:%M} UTC), or of unknown time"
    allowed = {Treatment.CLEAR, Treatment.AGGREGATE} if governed.aggregate else {Treatment.CLEAR}
    told = sorted(c for c in revealed(datamap, table) if decide.category(ruling, c).treatment not in allowed)
    if told:
        yield f"rows of `{table.name}` that reveal, or could reveal, {', '.join(told)}"
    guests = table.guests and bool(ruling.bases & {Basis.CONTRACT, Basis.LEGAL_OBLIGATION})
    yield f"rows of `{table.name}` of {'' if guests else 'guests and '}customers who are not on record"


def revealed(datamap: DataMap, table: Table) -> set[str]:
    """The categories that a row of the table could reveal, by its own value or along a reference."""
    reached = [reference.table for reference in table.references]
    parents = [] if table.via is None else [table.via.table]
    beyond = (revealed(datamap, datamap.tables[name]) for name in (*reached, *parents))
    return {rule.category for rule in table.reveals}.union(*beyond)
