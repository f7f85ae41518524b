"""What of governed rows goes to the recipient: the wanted columns, as precise as wanted, in the form that was agreed.

Whatever the gate gave is taken as the least that must be hidden: nothing here makes a value clearer. What is
`deidentified` is made by `bailee.deals.delivering`, and figures come from the gate as they are.
"""

from __future__ import annotations

import pyarrow as pa

from bailee.deals.model import Deal, Form, Wanted
from bailee.deals.narrowing import columns
from bailee.deid.pseudonyms import pseudonyms
from bailee.errors import FactRejected
from bailee.policy.coarsen import Coarsen


def shaped(deal: Deal, wanted: Wanted, table: pa.Table, secret: bytes, *, clear: bool) -> pa.Table:
    """The rows of one table as agreed; `clear` says that the column of the customer holds keys as they are.

    FactRejected for a form that is not made of rows here.
    """
    if deal.form not in (Form.IDENTIFIED, Form.PSEUDONYMOUS):
        raise FactRejected(f"rows are not released in the form `{deal.form.name.lower()}`")
    table = table.select(columns(wanted, table.column_names))
    for column, way in wanted.coarse.items():
        table = _put(table, column, _coarse(table[column], Coarsen.parse(way)))
    hidden = deal.form is Form.PSEUDONYMOUS and clear and wanted.customer in table.column_names
    if hidden and wanted.customer is not None:
        table = _put(table, wanted.customer, pseudonyms(secret, table[wanted.customer]))
    return table


def _put(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)


def _coarse(column: pa.ChunkedArray, way: Coarsen) -> pa.Array:
    """Each value made coarse, every different one once; what cannot be is NULL."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    made = pa.array([way.apply(value) for value in encoded.dictionary.to_pylist()])
    return made.take(encoded.indices)
