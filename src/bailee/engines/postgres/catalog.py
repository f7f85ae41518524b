"""The tables of the company's database that the keeper may read, with types in the words that all engines share."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from bailee.engines import Column, Table, Unique
from bailee.engines.postgres import KEEPING, SCHEMA
from bailee.engines.postgres.link import Link
from bailee.engines.postgres.types import Described, called

#: Ordinary and partitioned tables: not views, whose meaning may change; not foreign tables, which are no part of a
#: question's snapshot; not partitions, which are part of their parent.
_COLUMNS = f"""
WITH RECURSIVE based(oid, base, modifier) AS (
    SELECT oid, oid, -1 FROM pg_type WHERE typtype <> 'd'
    UNION ALL
    SELECT d.oid, b.base, CASE WHEN d.typtypmod >= 0 THEN d.typtypmod ELSE b.modifier END
    FROM pg_type d JOIN based b ON d.typbasetype = b.oid WHERE d.typtype = 'd'
)
SELECT n.nspname::text, c.relname::text, a.attname::text,
    t.typnamespace = 'pg_catalog'::regnamespace, t.typname::text,
    CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE b.modifier END,
    format_type(b.base, CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE b.modifier END),
    CASE WHEN t.typtype = 'e' THEN
        ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END,
    (SELECT k.collname::text FROM pg_collation k WHERE k.oid = a.attcollation AND NOT k.collisdeterministic)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN based b ON b.oid = a.atttypid
JOIN pg_type t ON t.oid = b.base
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', '{SCHEMA}', '{KEEPING}')
    AND {{may}}
ORDER BY n.nspname, c.relname, a.attnum
"""


#: Keys and unique constraints of one column. Rows of a table that inherits are not held against those of its parent,
#: though a question reads both; partitions are, by the index of the table that they are part of.
_UNIQUE = f"""
SELECT n.nspname::text, c.relname::text, a.attname::text
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
JOIN pg_index i ON i.indexrelid = k.conindid
WHERE k.contype IN ('p', 'u') AND cardinality(k.conkey) = 1 AND i.indisunique AND i.indisvalid
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', '{SCHEMA}', '{KEEPING}')
    AND (c.relkind = 'p' OR c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid))
"""

_MAY_READ = "has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')"


def catalog(link: Link, *, readable: bool = True) -> tuple[Table, ...]:
    """Every base table with those of its columns that the keeper may read, or with `readable` False with all."""
    rows = link.run(_COLUMNS.format(may=_MAY_READ if readable else "true"))
    keys = unique(link)
    return tuple(
        Table(
            schema,
            name,
            tuple(Column(row[2], called(_described(row))) for row in found),
            frozenset(key.column for key in keys if (key.schema, key.table) == (schema, name)),
        )
        for (schema, name), found in groupby(rows, key=lambda row: (row[0], row[1]))
    )


def unique(link: Link) -> frozenset[Unique]:
    """Every column that the database itself keeps unique, as the snapshot of this transaction has it.

    A constraint that is put off is there at each commit, and so in all that another transaction sees.
    """
    return frozenset(Unique(*row) for row in link.run(_UNIQUE))


def _described(row: tuple[Any, ...]) -> Described:
    builtin, name, modifier, written, labels, collation = row[3:]
    return Described(builtin, name, modifier, written, None if labels is None else tuple(labels), collation)
