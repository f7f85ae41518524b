"""People's rows in a company's PostgreSQL database, counted: the keeper may write nothing, so none are erased here."""

from __future__ import annotations

from collections.abc import Sequence

from bailee.engines.owned import Found, Name, Ownership, counted
from bailee.engines.postgres.link import Link

_NULLABLE = (
    "SELECT n.nspname::text, c.relname::text, a.attname::text FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid "
    "WHERE a.attnum > 0 AND NOT a.attisdropped AND NOT a.attnotnull AND c.relkind IN ('r', 'p', 'f')"
)


def owned(link: Link, ownership: Ownership, keys: Sequence[str]) -> dict[Name, Found]:
    """The rows of people by table, all in one snapshot."""
    listed = ", ".join(map(ownership.words.literal, keys))
    found = {}
    with link.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
        empty = {(Name(schema, table), column) for schema, table, column in link.run(_NULLABLE)}
        for each in ownership.tables:
            here = counted(link.run(ownership.counting(each, listed, empty))[0])
            if here is not None:
                found[each.name] = here
    return found
