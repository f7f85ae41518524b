"""No row that says what may not be said: of itself, or through the rows that it refers to."""

from __future__ import annotations

from bailee.policy.model import Reference, Table
from bailee.rewrite.draft import Draft
from bailee.rewrite.reasons import refused
from bailee.rewrite.sight import Sight
from bailee.rewrite.store import Stored

_DEEPEST = 16


def reveal(draft: Draft) -> None:
    """Hide rows for which a forbidden rule is not false, and rows that do not surely refer to clean rows.

    The clean set of a reference holds the keys of which every row is clean, so an inner join to it hides duplicates,
    NULLs and references to nothing, as the meaning asks. Categories that may be shown are no part of it.
    """
    if not draft.stored.table.personal:
        return
    draft.where += _own(draft.sight, draft.stored, "t")
    for reference in _forbidden_references(draft.sight, draft.stored):
        draft.cleaned(_clean(draft.sight, draft.stored, reference, 0), draft.stored.column(reference.column))


def _own(sight: Sight, stored: Stored, alias: str) -> list[str]:
    """What a row's own values must be, as SQL."""
    rules = [rule for rule in stored.table.reveals if sight.forbidden(rule.category)]

    def column(name: str) -> tuple[str, str]:
        meant = stored.meant(name)
        return stored.column(meant, alias), stored.type(meant)

    return [f"NOT coalesce({stored.dialect.predicate(rule.when, column)}, true)" for rule in rules]


def references(table: Table) -> tuple[Reference, ...]:
    """The declared references of a table, its `via` first."""
    return table.references if table.via is None else (table.via, *table.references)


def _forbidden_references(sight: Sight, stored: Stored) -> list[Reference]:
    return [r for r in references(stored.table) if _could(sight, sight.store.target(stored, r), 0)]


def _could(sight: Sight, stored: Stored, depth: int) -> bool:
    """Whether some row of a table could reveal what is forbidden."""
    if depth > _DEEPEST:
        raise refused("map_unusable", found=f"the references of `{stored.table.name}` go in a circle")
    if any(sight.forbidden(rule.category) for rule in stored.table.reveals):
        return True
    return any(_could(sight, sight.store.target(stored, r), depth + 1) for r in references(stored.table))


def _clean(sight: Sight, stored: Stored, reference: Reference, depth: int) -> str:
    """SQL of the keys of a referred table of which every row is clean."""
    target = sight.store.target(stored, reference)
    conditions, joins = _own(sight, target, "r"), []
    for at, further in enumerate(_forbidden_references(sight, target), 1):
        nested = _clean(sight, target, further, depth + 1)
        joins.append(f" LEFT JOIN ({nested}) AS n{at} ON n{at}.key = {target.column(further.column, 'r')}")
        conditions.append(f"n{at}.key IS NOT NULL")
    key = target.column(reference.target, "r")
    return (
        f"SELECT {key} AS key FROM {target.sql} AS r{''.join(joins)} WHERE {key} IS NOT NULL "
        f"GROUP BY {key} HAVING bool_and({' AND '.join(conditions)})"
    )
