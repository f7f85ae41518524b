"""Only rows younger than the purpose's `keep`; the cut-off is an instant bound when the question runs."""

from __future__ import annotations

from bailee.rewrite.draft import CUTOFF_DATE, CUTOFF_TIMESTAMP, CUTOFF_TZ, Draft
from bailee.rewrite.rules.parents import time_of

_TIMES = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS")


def keep(draft: Draft) -> None:
    """Compare the row's time, or its parent's, with the cut-off; a NULL time hides the row.

    Where `keep` runs from the customer's last activity, standing has the cut-off and the row only needs a time. Whoever
    asks for their own data sees what is still there, however old.
    """
    if draft.sight.person is not None:
        return
    holder = time_of(draft.sight.store, draft.stored)
    at = holder.table.at
    if at is None:
        return
    column = holder.column(at) if holder is draft.stored else f"{draft.owner}.at"
    if draft.sight.purpose.keep.from_last_activity:
        draft.where.append(f"{column} IS NOT NULL")
        return
    draft.where.append(younger(column, holder.type(at)))


def younger(column: str, type_name: str) -> str:
    """The comparison for one type: naive times are UTC, a date is its midnight, anything else is no time and hidden."""
    if type_name == "DATE":
        return f"{column} > {CUTOFF_DATE}"
    if type_name in _TIMES:
        return f"{column} > {CUTOFF_TIMESTAMP}"
    if type_name == "TIMESTAMP_NS":
        return f"TRY_CAST({column} AS TIMESTAMP) > {CUTOFF_TIMESTAMP}"
    if type_name == "TIMESTAMP WITH TIME ZONE":
        return f"{column} > {CUTOFF_TZ}"
    return "false"
