"""Who is in a release, and what later ones are held against: those customers, its tables, least group and classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bailee.deals import outgoing, repeats
from bailee.deals.model import Deal, Form
from bailee.deals.outgoing import Table
from bailee.deals.repeats import Earlier
from bailee.deid import sketches
from bailee.deid.sketches import Kind, Sketch
from bailee.errors import FactRejected
from bailee.gate import disclosing
from bailee.people import deals

if TYPE_CHECKING:
    from bailee.gate.disclosing import Disclosing
    from bailee.gate.gate import Gate
    from bailee.people.standing import Standing

Bools = npt.NDArray[np.bool_]


def members(
    deal: Deal, outlet: Disclosing, found: list[Table], start: Standing, standing: Standing, now: datetime
) -> Bools | None:
    """Who is in the release, by number; rows of whoever does not stand any more are taken out. None: ask again."""
    stands = outlet.stands(standing)
    loose = is_loose(found)
    if loose and not np.array_equal(outlet.stands(start), stands):
        return None  # nobody can say whose rows would have to go
    if deal.form is Form.AGGREGATE:
        _cohort_covers(deal, outlet, stands, now)
    members = known(stands) if loose else np.zeros(len(stands), np.bool_)
    for table in found:
        if table.numbers.size and int(table.numbers.max()) >= len(stands):
            return None
        held = table.numbers
        gone = (held > 0) & ~stands[held]
        if gone.any():
            if deal.form is Form.DEIDENTIFIED:
                return None
            outgoing.only(table, ~gone)
        members[table.numbers] = True
    members[0] = False
    return members


def is_loose(found: Sequence[Table]) -> bool:
    """Whether it is only known that whoever is in the release stands: of figures, and of rows about several people."""
    return any(not each.exact for each in found)


def is_noisy(found: Sequence[Table]) -> bool:
    """Whether all of it is figures with noise."""
    return bool(found) and all(each.noise is not None for each in found)


def _cohort_covers(deal: Deal, outlet: Disclosing, stands: Bools, now: datetime) -> None:
    """Refuse figures over customers whom the deal does not want, for a group cannot be narrowed afterwards."""
    within = outgoing.cohort(deal, outlet, now)
    size = min(len(within), len(stands))
    if (stands[1:size] & ~within[1:size]).any():
        raise FactRejected(
            "figures cannot be limited to the deal's `cohort`: limit the purpose itself by `who`, and leave it out"
        )


def told(deal: Deal, found: list[Table], outlet: Disclosing) -> tuple[frozenset[str], int, str | None]:
    """The tables of the map, the least group and the classes, as later releases are held against them."""
    tables = frozenset(name for each in found for name in each.tables)
    classes = None
    if deal.form is Form.DEIDENTIFIED:
        named = set(deal.treated.identifiers)
        classes = repeats.classes_of(
            {
                each.key: [
                    str(row) for row in each.rows.select([c for c in each.rows.column_names if c in named]).to_pylist()
                ]
                for each in found
            }
        )
    return tables, outgoing.least(deal, outlet), classes


def sketch(found: Sequence[Table]) -> Sketch:
    """What later releases are held against, group by group, of all tables together."""
    whole: dict[bytes, Kind] = {}
    for each in found:
        for name, kind in each.sketch.items():
            other = whole.get(name)
            whole[name] = kind if other is None else sketches.joined(other, kind)
    return whole


def before(gate: Gate) -> list[Earlier]:
    """Every earlier release with who was in it."""
    found = []
    with gate.database.read() as connection:
        for each in deals.releases(connection, opened=True):
            told = each.private
            found.append(
                Earlier(
                    each.name,
                    each.deal,
                    each.recipient,
                    each.form,
                    each.at,
                    disclosing.members(connection, each.entry),
                    frozenset(told.get("tables", ())),
                    int(told.get("least", 0)),
                    told.get("classes"),
                    _sketched(gate, each.number),
                    bool(told.get("noisy")),
                )
            )
    return found


def _sketched(gate: Gate, number: int) -> Callable[[], Sketch]:
    def read() -> Sketch:
        with gate.database.read() as connection:
            data = deals.sketch(connection, number)
        return {} if data is None else sketches.read(data)

    return read


def known(stands: Bools) -> Bools:
    found = stands.copy()
    found[0] = False
    return found
