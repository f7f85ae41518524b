"""What the ten tests look at: the deal, the promise, and what would be sent, as the company itself may see it.

`bailee.deals.gathering` asks the gate for it; the tests read nothing else, so each is a pure function of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from bailee.deals.model import Deal
from bailee.policy.model import DataMap, Policy

if TYPE_CHECKING:
    import pyarrow as pa

    from bailee.gate.weighing import Shown

#: The column of every table here that numbers the customer (int64, from 0, dense, NULL for rows about nobody).
CUSTOMER = "bailee_customer"


@dataclass(frozen=True)
class Evidence:
    """All that a screen knows.

    `sent` has by key of `wanted` the rows that would be sent as the deal asks, clear, of everybody whom the company may
    look at, with `CUSTOMER` beside the wanted columns. `people` has one row a customer: `CUSTOMER` (int64), `age`
    (int32, NULL unknown), `place` (string, NULL unknown), `stands` (bool: for the deal's purpose and recipient today),
    `reason` (string: the code why), `told` (bool: a notice that covers the deal's use was shown to them), `chose`
    (string: their last act for the purpose, NULL none). `columns` has by key of `wanted` and column the categories of
    the data map; `reveals` by key of `wanted` a bool array, true where the map says that the row reveals something,
    with the categories in `revealed` (by key, a list array).
    """

    deal: Deal
    policy: Policy
    datamap: DataMap
    today: date
    seed: int
    sent: Mapping[str, pa.Table]
    people: pa.Table
    columns: Mapping[str, Mapping[str, tuple[str, ...]]]
    reveals: Mapping[str, pa.ChunkedArray]
    revealed: Mapping[str, pa.ChunkedArray]
    survey: pa.Table | None = None
    #: Earlier deals with the same recipient: key, verdict or state, and day.
    history: tuple[tuple[str, str, date], ...] = ()
    #: By purpose that lists the recipient, and the deal's own: `stands`, `reason`, `told` and `chose`, as in `people`.
    standing: Mapping[str, pa.Table] = field(default_factory=dict)
    #: Every notice that was ever registered, by what it promises.
    notices: tuple[Shown, ...] = ()
    #: By key of `wanted`, why its rows cannot be measured; what lacks is in neither `sent` nor `columns`.
    lacking: Mapping[str, str] = field(default_factory=dict)
    #: How many customers are on record, also those whom the company may not look at for this.
    known: int = 0

    def version(self, deal: Deal) -> Evidence:
        """The same for another version of the deal with this recipient; KeyError for a purpose not asked about."""
        if deal.purpose == self.deal.purpose:
            return replace(self, deal=deal)
        names, other = self.people.column_names, self.standing[deal.purpose]
        columns = {name: other[name] if name in other.column_names else self.people[name] for name in names}
        return replace(self, deal=deal, people=type(self.people).from_pydict(columns))
