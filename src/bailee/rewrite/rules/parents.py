"""The parents that a row may belong to: keys that occur exactly once, with whose the parent is and when it was."""

from __future__ import annotations

from bailee.policy.model import Reference
from bailee.rewrite.reasons import refused
from bailee.rewrite.store import Store, Stored

_DEEPEST = 16


def owner_of(store: Store, stored: Stored) -> Stored:
    """The table at the end of the `via` references, which names the customer."""
    for _ in range(_DEEPEST):
        if stored.table.via is None:
            return stored
        stored = store.target(stored, stored.table.via)
    raise _endless(stored)


def time_of(store: Store, stored: Stored) -> Stored:
    """The table whose own column is the row's time, after following `at_via`."""
    for _ in range(_DEEPEST):
        if not stored.table.at_via or stored.table.via is None:
            return stored
        stored = store.target(stored, stored.table.via)
    raise _endless(stored)


def _endless(stored: Stored) -> Exception:
    return refused("map_unusable", found=f"`via` of `{stored.table.name}` never ends")


def parents(store: Store, stored: Stored) -> str:
    """SQL of the parents of a table: `key`, the subjects `s1`, `s2`, ... and, if the table's time is theirs, `at`."""
    via = _via(stored)
    return _set(store, stored, via, len(owner_of(store, stored).table.subjects), timed=stored.table.at_via)


def _via(stored: Stored) -> Reference:
    if stored.table.via is None:
        raise ValueError("only a table with `via` has parents")
    return stored.table.via


def _set(store: Store, stored: Stored, via: Reference, subjects: int, *, timed: bool) -> str:
    """A parent without exactly one parent of its own belongs to nobody, and is left out."""
    parent = store.target(stored, via)
    joins, linked = "", ""
    timed = timed and time_of(store, parent).table.at is not None
    if parent.table.via is None:
        names = [parent.column(name, "p") for name in parent.table.subjects]
    else:
        above = _set(store, parent, parent.table.via, subjects, timed=timed and parent.table.at_via)
        joins = f" LEFT JOIN ({above}) AS o ON o.key = {parent.column(parent.table.via.column, 'p')}"
        linked = " AND bool_and(o.key IS NOT NULL)"
        names = [f"o.s{at}" for at in range(1, subjects + 1)]
    columns = [f"{stored.dialect.any_value.format(name)} AS s{at}" for at, name in enumerate(names, 1)]
    if timed:
        inherited = parent.table.at_via and parent.table.via is not None
        time = "o.at" if inherited else parent.column(str(parent.table.at), "p")
        columns.append(f"{stored.dialect.any_value.format(time)} AS at")
    key = parent.column(via.target, "p")
    listed = ", ".join([f"{key} AS key", *columns])
    return (
        f"SELECT {listed} FROM {parent.sql} AS p{joins} WHERE {key} IS NOT NULL "
        f"GROUP BY {key} HAVING count(*) = 1{linked}"
    )
